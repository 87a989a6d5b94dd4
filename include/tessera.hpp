// Public: all of tessera: SharedArray, TiledPool and their parts. mdspan() is an option: it is here
// if TESSERA_WITH_MDSPAN is defined.
#pragma once

// A program may define macros min and max, as <windows.h> does. The headers of the standard library
// can't be read with them, so they are removed here and restored at the end.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

#include <tessera/base/config.hpp>

#if !defined(TESSERA_UNSUPPORTED)
#include <tessera/base/allow_addresses.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/philox.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/npy_codec.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/format/visit_dtype.hpp>
#include <tessera/fwd.hpp>
#include <tessera/grid/box.hpp>
#include <tessera/grid/tile_grid.hpp>
#include <tessera/loops/rows.hpp>
#include <tessera/loops/tile_view.hpp>
#include <tessera/memory/any_array.hpp>
#include <tessera/memory/any_slice.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/frames.hpp>
#include <tessera/memory/published.hpp>
#include <tessera/memory/section.hpp>
#include <tessera/memory/segment_folder.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/job.hpp>
#include <tessera/pool/job_options.hpp>
#include <tessera/pool/pool_options.hpp>
#include <tessera/pool/report.hpp>
#include <tessera/pool/run_as_worker.hpp>
#include <tessera/pool/tile.hpp>
#include <tessera/pool/tiled_pool.hpp>
#include <tessera/pool/worker_log.hpp>
#include <tessera/pool/worker_setup.hpp>
#if defined(TESSERA_WITH_MDSPAN)
#include <tessera/loops/mdspan.hpp>
#endif
#endif

#pragma pop_macro("max")
#pragma pop_macro("min")
