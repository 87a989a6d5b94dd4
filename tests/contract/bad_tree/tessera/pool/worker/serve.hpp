#pragma once
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/kernel.hpp>
#include <tessera/pool/tiled_pool.hpp>  // defect
#include <tessera/pool/caller/wait.hpp>  // defect
#include <tessera/pool/keeper/start.hpp>  // defect
