// Public: declarations of what a program names, for headers that only mention it. Without xtensor,
// and a few milliseconds to compile:
//
//     #include <tessera/fwd.hpp>
//     void smooth(tessera::TiledPool& pool, tessera::SharedArray<float, 3>& field);
#pragma once

#include <cstddef>

#include <tessera/loops/tile_fwd.hpp>
#include <tessera/memory/array_fwd.hpp>

namespace tessera {

class Error;
class JobError;
class Segment;
class TiledPool;
enum class Errc;
struct CreateOptions;
struct JobOptions;
struct PoolOptions;
struct Report;

template <class Results>
class Job;
template <std::size_t N>
class Shape;
template <std::size_t R>
class Tile;

}  // namespace tessera
