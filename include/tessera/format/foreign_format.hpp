// Public: npy::foreign_format. Floor 1, format: files of other formats, known by their first bytes.
//
// If map_file or load gets such a file, the error says what it is, and gives the one command that
// makes an .npy file of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace tessera::npy {

/// A format other than .npy. In `command`, FILE stands for the file and NAME for a variable in it.
struct ForeignFormat {
  std::string_view name;     ///< with its article: "a NetCDF file"
  std::size_t offset;        ///< of `bytes` in the file
  std::string_view bytes;    ///< what a file of this format has there
  std::string_view command;  ///< makes an .npy file of it
};

namespace detail {

inline constexpr std::string_view from_netcdf =
    "python3 -c \"import netCDF4, numpy; numpy.save('OUT.npy', "
    "netCDF4.Dataset('FILE')['NAME'][:])\"";
inline constexpr std::string_view from_hdf5 =
    "python3 -c \"import h5py, numpy; numpy.save('OUT.npy', h5py.File('FILE')['NAME'])\"";
inline constexpr std::string_view from_tiff =
    "python3 -c \"import tifffile, numpy; numpy.save('OUT.npy', tifffile.imread('FILE'))\"";
inline constexpr std::string_view from_image =
    "python3 -c \"import imageio, numpy; numpy.save('OUT.npy', imageio.imread('FILE'))\"";
inline constexpr std::string_view from_npz =
    "python3 -c \"import numpy; numpy.save('OUT.npy', numpy.load('FILE')['NAME'])\"";
inline constexpr std::string_view from_grib =
    "python3 -c \"import xarray, numpy; numpy.save('OUT.npy', "
    "xarray.open_dataset('FILE', engine='cfgrib')['NAME'])\"";
inline constexpr std::string_view from_fits =
    "python3 -c \"from astropy.io import fits; import numpy; numpy.save('OUT.npy', "
    "fits.getdata('FILE'))\"";
inline constexpr std::string_view from_matlab =
    "python3 -c \"import scipy.io, numpy; numpy.save('OUT.npy', "
    "scipy.io.loadmat('FILE')['NAME'])\"";
inline constexpr std::string_view from_pickle =
    "python3 -c \"import pickle, numpy; numpy.save('OUT.npy', pickle.load(open('FILE', 'rb')))\"";
inline constexpr std::string_view from_table =
    "python3 -c \"import pandas, numpy; numpy.save('OUT.npy', "
    "pandas.read_parquet('FILE')['NAME'])\"";
inline constexpr std::string_view from_zarr_array =
    "python3 -c \"import zarr, numpy; numpy.save('OUT.npy', zarr.open('FILE', mode='r')[:])\"";
inline constexpr std::string_view from_zarr_group =
    "python3 -c \"import zarr, numpy; numpy.save('OUT.npy', zarr.open('FILE', "
    "mode='r')['NAME'][:])\"";

using namespace std::string_view_literals;

inline constexpr std::array foreign_formats{
    ForeignFormat{"a NetCDF file", 0, "CDF\1"sv, from_netcdf},
    ForeignFormat{"a NetCDF file", 0, "CDF\2"sv, from_netcdf},
    ForeignFormat{"a NetCDF file", 0, "CDF\5"sv, from_netcdf},
    ForeignFormat{"an HDF5 or NetCDF-4 file", 0, "\211HDF\r\n\032\n"sv, from_hdf5},
    ForeignFormat{"an HDF4 file", 0, "\016\003\023\001"sv,
                  "h4toh5convert FILE OUT.h5, then what an HDF5 file needs"},
    ForeignFormat{"a zip archive, as .npz files are", 0, "PK\3\4"sv, from_npz},
    ForeignFormat{"an .npz file without arrays", 0, "PK\5\6"sv, from_npz},
    ForeignFormat{"compressed by gzip", 0, "\037\213"sv, "gunzip -k FILE"},
    ForeignFormat{"compressed by bzip2", 0, "BZh"sv, "bunzip2 -k FILE"},
    ForeignFormat{"compressed by xz", 0, "\3757zXZ\0"sv, "unxz -k FILE"},
    ForeignFormat{"compressed by zstd", 0, "\050\265\057\375"sv, "unzstd FILE"},
    ForeignFormat{"compressed by lz4", 0, "\004\042\115\030"sv, "unlz4 FILE"},
    ForeignFormat{"a TIFF or GeoTIFF image", 0, "II*\0"sv, from_tiff},
    ForeignFormat{"a TIFF or GeoTIFF image", 0, "MM\0*"sv, from_tiff},
    ForeignFormat{"a BigTIFF image", 0, "II+\0"sv, from_tiff},
    ForeignFormat{"a BigTIFF image", 0, "MM\0+"sv, from_tiff},
    ForeignFormat{"a PNG image", 0, "\211PNG\r\n\032\n"sv, from_image},
    ForeignFormat{"a JPEG image", 0, "\377\330\377"sv, from_image},
    ForeignFormat{"a GRIB file", 0, "GRIB"sv, from_grib},
    ForeignFormat{"a FITS file", 0, "SIMPLE  ="sv, from_fits},
    ForeignFormat{"a MATLAB 7.3 file, which is HDF5", 0, "MATLAB 7.3 MAT-file"sv, from_hdf5},
    ForeignFormat{"a MATLAB file", 0, "MATLAB 5.0 MAT-file"sv, from_matlab},
    ForeignFormat{"a Parquet file", 0, "PAR1"sv, from_table},
    ForeignFormat{"a Python pickle", 0, "\200\2"sv, from_pickle},
    ForeignFormat{"a Python pickle", 0, "\200\3"sv, from_pickle},
    ForeignFormat{"a Python pickle", 0, "\200\4\225"sv, from_pickle},
    ForeignFormat{"a Python pickle", 0, "\200\5\225"sv, from_pickle},
    ForeignFormat{"a tar archive", 257, "ustar"sv, "tar -xf FILE"},
};

}  // namespace detail

/// The format that begins with these bytes; nullptr if it is not known here.
inline const ForeignFormat* foreign_format(std::string_view first_bytes) {
  for (const auto& format : detail::foreign_formats)
    if (first_bytes.size() >= format.offset &&
        first_bytes.substr(format.offset).starts_with(format.bytes))
      return &format;
  return nullptr;
}

/// "to convert it: " and the command. The file's name replaces FILE if it needs no quoting in a
/// shell and in Python.
inline std::string advice_to_convert(std::string_view command, std::string_view file) {
  std::string out = "to convert it: " + std::string(command);
  const bool plain = !file.empty() && std::all_of(file.begin(), file.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+,=@%").find(c) != std::string_view::npos;
  });
  const auto at = out.find("FILE");
  if (plain && at != std::string::npos) out.replace(at, 4, file);
  return out;
}

}  // namespace tessera::npy
