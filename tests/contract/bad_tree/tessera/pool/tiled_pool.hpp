#pragma once
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/caller/wait.hpp>  // defect
#include <tessera/pool/job.hpp>
#include <tessera/pool/keeper/start.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/worker/serve.hpp>
#include <atomic>
