#pragma once
#include <tessera/pool/report.hpp>
