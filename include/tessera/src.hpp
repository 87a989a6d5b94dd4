// The definitions of tessera, for one source file of a program that is compiled with
// TESSERA_COMPILED. With CMake, tessera::compiled is that file; without, write it yourself:
//
//     #include <tessera/src.hpp>
//
// and compile all sources of the program with -DTESSERA_COMPILED. See base/config.hpp.
#pragma once

#if !defined(TESSERA_COMPILED)
#error "tessera: define TESSERA_COMPILED for all sources of the program, or drop tessera/src.hpp"
#endif

#include <tessera/base/error_impl.hpp>
#include <tessera/format/dtype_impl.hpp>
#include <tessera/format/element_text_impl.hpp>
#include <tessera/format/npy_codec_impl.hpp>
#include <tessera/host/cpus_impl.hpp>
#include <tessera/memory/any_array_impl.hpp>
#include <tessera/memory/any_slice_impl.hpp>
#include <tessera/memory/array_segment_impl.hpp>
#include <tessera/memory/catalog_impl.hpp>
#include <tessera/memory/npy_file_impl.hpp>
#include <tessera/memory/published_impl.hpp>
#include <tessera/memory/section_impl.hpp>
#include <tessera/memory/segment_folder_impl.hpp>
#include <tessera/memory/segment_impl.hpp>
#include <tessera/pool/board/address_scan_impl.hpp>
#include <tessera/pool/caller/arguments_impl.hpp>
#include <tessera/pool/caller/async_job_impl.hpp>
#include <tessera/pool/caller/job_order_impl.hpp>
#include <tessera/pool/caller/typed_order_impl.hpp>
#include <tessera/pool/job_options_impl.hpp>
#include <tessera/pool/run_as_worker_impl.hpp>
#include <tessera/pool/tiled_pool_impl.hpp>
#include <tessera/pool/worker/call_guard_impl.hpp>
#include <tessera/pool/worker/serve_impl.hpp>
