// Tests of format/foreign_format.hpp: files of other formats are called what they are.
#include <tessera/format/foreign_format.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/format/npy_codec.hpp>

#include "support/catch.hpp"

using namespace std::string_view_literals;
namespace npy = tessera::npy;

namespace {

std::string refusal(std::string_view begin, const std::string& subject) {
  try {
    npy::decode(std::string(begin) + std::string(600, 'x'), subject);
  } catch (const tessera::Error& error) {
    return error.errc() == tessera::Errc::not_an_array ? error.what() : "another code";
  }
  return "accepted";
}

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE(
    "a file of another format is told from its first bytes, with the command that converts it") {
  struct Case {
    std::string_view begin, name, command;
  };
  for (const auto& [begin, name, command] :
       std::vector<Case>{{"CDF\1\0\0"sv, "NetCDF", "netCDF4.Dataset('d/in.x')"},
                         {"CDF\2\0\0"sv, "NetCDF", "netCDF4.Dataset('d/in.x')"},
                         {"CDF\5\0\0"sv, "NetCDF", "netCDF4.Dataset('d/in.x')"},
                         {"\x89HDF\r\n\x1a\n"sv, "HDF5 or NetCDF-4", "h5py.File('d/in.x')"},
                         {"PK\3\4"sv, ".npz", "numpy.load('d/in.x')['NAME']"},
                         {"\x1f\x8b\x08"sv, "gzip", "gunzip -k d/in.x"},
                         {"BZh9"sv, "bzip2", "bunzip2 -k d/in.x"},
                         {"\xfd\x37zXZ\0"sv, "xz", "unxz -k d/in.x"},
                         {"\x28\xb5\x2f\xfd"sv, "zstd", "unzstd d/in.x"},
                         {"II*\0\x08"sv, "GeoTIFF", "tifffile.imread('d/in.x')"},
                         {"MM\0*"sv, "GeoTIFF", "tifffile.imread('d/in.x')"},
                         {"II+\0"sv, "BigTIFF", "tifffile.imread('d/in.x')"},
                         {"\x89PNG\r\n\x1a\n"sv, "PNG", "imread('d/in.x')"},
                         {"\xff\xd8\xff\xe0"sv, "JPEG", "imread('d/in.x')"},
                         {"GRIB\0\0"sv, "GRIB", "'d/in.x', engine='cfgrib'"},
                         {"SIMPLE  =   T"sv, "FITS", "fits.getdata('d/in.x')"},
                         {"MATLAB 5.0 MAT-file, "sv, "MATLAB", "loadmat('d/in.x')"},
                         {"MATLAB 7.3 MAT-file, "sv, "MATLAB 7.3", "h5py.File('d/in.x')"},
                         {"\x80\4\x95"sv, "pickle", "open('d/in.x', 'rb')"}}) {
    const auto words = refusal(begin, "d/in.x");
    CAPTURE(words);
    CHECK(mentions(words, name));
    CHECK(mentions(words, command));
  }
}

TEST_CASE("what is nothing known is said to be no array, and no more") {
  CHECK(npy::foreign_format("hello") == nullptr);
  CHECK(npy::foreign_format("") == nullptr);
  CHECK(npy::foreign_format("PK") == nullptr);
  CHECK(npy::foreign_format("\x93NUMPY\1\0") == nullptr);
  CHECK(mentions(refusal("hello", "a"), "it does not begin like one;"));
}

TEST_CASE("a name that a shell would not take as it is stays out of the command") {
  for (const auto* name : {"a b.gz", "a'b.gz", "$(x).gz", "a;b", "", "a\nb"}) {
    CAPTURE(name);
    CHECK(mentions(refusal("\x1f\x8b", name), "gunzip -k FILE"));
  }
}

TEST_CASE("objects of Python are called that, with the command that makes numbers of them") {
  std::string text = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
  text.append(118 - 1 - text.size(), ' ');
  const auto words = refusal(std::string("\x93NUMPY\1\0v\0"sv) + text + "\n", "o.npy");
  CHECK(mentions(words, "'|O' is not supported: Python objects"));
  CHECK(mentions(words, "numpy.load('o.npy', allow_pickle=True)"));
}
