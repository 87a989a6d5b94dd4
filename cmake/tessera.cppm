// The C++20 module tessera: what tessera.hpp declares, for `import tessera;`.
//
// A module has no macros: TESSERA_FIELDS and TESSERA_VERSION come from <tessera/format/dtype.hpp>
// and <tessera/base/config.hpp>, which may be included beside it. Of xtensor it exports the
// operators and the functions below. For others, include xtensor's header before the import.
module;

#include <tessera.hpp>

export module tessera;

export namespace tessera {

// base
using tessera::cache_line;
using tessera::Errc;
using tessera::Error;
using tessera::make_error_code;
using tessera::Philox;
using tessera::system_failure;

// format
using tessera::Describe;
using tessera::DescribedStruct;
using tessera::Dtype;
using tessera::dtype_of;
using tessera::Element;
using tessera::max_element_size;
using tessera::max_struct_depth;
using tessera::NpyHeader;

// grid
using tessera::Box;
using tessera::full;
using tessera::meet;
using tessera::Progression;
using tessera::TileGrid;

// loops
using tessera::for_each_row;
using tessera::operator<<;
using tessera::TileView;

// memory
using tessera::AnyArray;
using tessera::AnySlice;
using tessera::AttachOptions;
using tessera::ControlBlock;
using tessera::CreateOptions;
using tessera::Durability;
using tessera::Elements;
using tessera::Frame;
using tessera::Identity;
using tessera::into;
using tessera::Numbers;
using tessera::Permission;
using tessera::Published;
using tessera::Ranks;
using tessera::save;
using tessera::SaveOptions;
using tessera::Section;
using tessera::Segment;
using tessera::segment_folder;
using tessera::SegmentName;
using tessera::SegmentState;
using tessera::set_segment_folder;
using tessera::Shape;
using tessera::SharedArray;
using tessera::Slice;
using tessera::StepWriter;
using tessera::Use;
using tessera::whole;

// pool
using tessera::allow_addresses;
using tessera::AllowAddresses;
using tessera::Job;
using tessera::JobError;
using tessera::JobOptions;
using tessera::log_to_stderr;
using tessera::LogLine;
using tessera::OnThrow;
using tessera::PoolOptions;
using tessera::Progress;
using tessera::Report;
using tessera::Rerun;
using tessera::run_as_worker;
using tessera::set_reap_orphans;
using tessera::set_start_method;
using tessera::StartMethod;
using tessera::Tile;
using tessera::TiledPool;
using tessera::TileTime;

namespace catalog {
using tessera::catalog::Entry;
using tessera::catalog::Force;
using tessera::catalog::list;
using tessera::catalog::Options;
using tessera::catalog::reap;
using tessera::catalog::remove;
}  // namespace catalog

namespace npy {
using tessera::npy::advice_to_convert;
using tessera::npy::decode;
using tessera::npy::encode;
using tessera::npy::foreign_format;
using tessera::npy::ForeignFormat;
using tessera::npy::magic;
using tessera::npy::make_header;
using tessera::npy::max_rank;
using tessera::npy::max_size;
using tessera::npy::usual_size;
}  // namespace npy

}  // namespace tessera

export namespace xt {

using xt::operator+;
using xt::operator-;
using xt::operator*;
using xt::operator/;
using xt::operator%;
using xt::operator!;
using xt::operator~;
using xt::operator&;
using xt::operator|;
using xt::operator^;
using xt::operator&&;
using xt::operator||;
using xt::operator<;
using xt::operator<=;
using xt::operator>;
using xt::operator>=;
using xt::operator==;
using xt::operator!=;

// Containers and views.
using xt::all;
using xt::ellipsis;
using xt::eval;
using xt::keep;
using xt::newaxis;
using xt::noalias;
using xt::range;
using xt::view;
using xt::xarray;
using xt::xexpression;
using xt::xtensor;

// Functions of elements.
using xt::abs;
using xt::cast;
using xt::clip;
using xt::cos;
using xt::equal;
using xt::exp;
using xt::isfinite;
using xt::isinf;
using xt::isnan;
using xt::log;
using xt::maximum;
using xt::minimum;
using xt::not_equal;
using xt::pow;
using xt::sin;
using xt::sqrt;
using xt::square;
using xt::tan;
using xt::tanh;
using xt::where;

// Functions of axes.
using xt::amax;
using xt::amin;
using xt::any;
using xt::argmax;
using xt::argmin;
using xt::argpartition;
using xt::argsort;
using xt::average;
using xt::count_nonzero;
using xt::cumprod;
using xt::cumsum;
using xt::diff;
using xt::mean;
using xt::median;
using xt::minmax;
using xt::nancumsum;
using xt::nanmax;
using xt::nanmean;
using xt::nanmin;
using xt::nanstd;
using xt::nansum;
using xt::nanvar;
using xt::partition;
using xt::prod;
using xt::sort;
using xt::stddev;
using xt::sum;
using xt::variance;

}  // namespace xt
