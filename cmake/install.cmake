include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/tessera")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
target_include_directories(tessera INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
install(TARGETS tessera EXPORT tessera-targets)
install(EXPORT tessera-targets NAMESPACE tessera:: DESTINATION "${package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tessera-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/tessera-config.cmake"
                              INSTALL_DESTINATION "${package_dir}")
# ARCH_INDEPENDENT: headers only, so a package built on one machine serves them all. Before 1.0 a
# new minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tessera-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/compiled.cmake" "${PROJECT_SOURCE_DIR}/cmake/compiled.cpp"
              "${PROJECT_SOURCE_DIR}/cmake/module.cmake" "${PROJECT_SOURCE_DIR}/cmake/module_support.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/tessera.cppm"
              "${PROJECT_BINARY_DIR}/tessera-config.cmake"
              "${PROJECT_BINARY_DIR}/tessera-config-version.cmake" DESTINATION "${package_dir}")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# For Python: `cmake --install build --component python`. TESSERA_PYTHON_DIR is a folder where that
# Python looks for modules.
set(TESSERA_PYTHON_DIR "${CMAKE_INSTALL_DATADIR}/tessera/python"
    CACHE STRING "Where the Python module tessera is installed")
install(FILES "${PROJECT_SOURCE_DIR}/examples/python/tessera.py" DESTINATION "${TESSERA_PYTHON_DIR}"
        COMPONENT python EXCLUDE_FROM_ALL)

# For pkg-config. Relative to the file itself, so that the prefix may be moved.
set(pc_folder "${CMAKE_INSTALL_DATADIR}/pkgconfig")
if(IS_ABSOLUTE "${pc_folder}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  string(REGEX REPLACE "[^/]+" ".." pc_up "${pc_folder}")
  set(pc_prefix "\${pcfiledir}/${pc_up}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/tessera.pc.in" "${PROJECT_BINARY_DIR}/tessera.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tessera.pc" DESTINATION "${pc_folder}")

if(PROJECT_IS_TOP_LEVEL)
  # A Debian package, by `cpack -G DEB`.
  set(CPACK_PACKAGE_NAME libtessera-dev)
  set(CPACK_PACKAGE_CONTACT "tessera authors")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libboost-dev (>= 1.74), libxtensor-dev (>= 0.24)")
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  include(CPack)

  add_custom_target(
    uninstall
    COMMAND "${CMAKE_COMMAND}" -D "MANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt" -P
            "${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake"
    VERBATIM)
endif()
