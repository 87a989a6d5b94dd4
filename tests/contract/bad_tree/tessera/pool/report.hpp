#pragma once
#include <tessera/pool/board/schedule.hpp>
