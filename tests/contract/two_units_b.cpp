// First only what a header needs that mentions our types, and then the types themselves.
#include <tessera/fwd.hpp>

void use(tessera::TiledPool& pool, const tessera::SharedArray<float, 3>& a,
         tessera::TileView<float, 2> view, const tessera::Tile<2>& tile, tessera::Job<void>& job,
         const tessera::Shape<2>& shape, const tessera::Error& error, tessera::Errc code,
         const tessera::JobError& job_error, const tessera::JobOptions& options,
         const tessera::PoolOptions& pool_options, const tessera::Report& report,
         const tessera::CreateOptions& create_options, const tessera::Segment& segment);

#include <tessera.hpp>

int from_the_other_unit();

int from_the_other_unit() { return 0; }
