#pragma once
#include <tessera/pool/board/round.hpp>
#include <tessera/pool/keeper/start.hpp>
#include <tessera/pool/worker/serve.hpp>
