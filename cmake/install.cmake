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
install(FILES "${PROJECT_SOURCE_DIR}/cmake/boost-headers.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/compiled.cmake" "${PROJECT_SOURCE_DIR}/cmake/compiled.cpp"
              "${PROJECT_BINARY_DIR}/tessera-config.cmake"
              "${PROJECT_BINARY_DIR}/tessera-config-version.cmake" DESTINATION "${package_dir}")
