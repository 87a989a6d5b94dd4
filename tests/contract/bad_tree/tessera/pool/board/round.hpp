#pragma once
#include "schedule.hpp"
#include <tessera/pool/options.hpp>
#include <tessera/pool/job.hpp>  // defect
#include <tessera/pool/report.hpp>  // defect
#include <tessera/pool/caller/wait.hpp>  // defect
#include <tessera/pool/keeper/start.hpp>  // defect
#include "../worker/serve.hpp"  // defect
