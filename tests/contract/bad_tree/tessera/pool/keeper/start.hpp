#pragma once
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/worker/serve.hpp>
#include <tessera/pool/caller/wait.hpp>  // defect
