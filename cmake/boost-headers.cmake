# tessera::boost_headers: Boost's include folder and nothing else. Boost's own target brings a
# definition (BOOST_ALL_NO_LIB), and a user of tessera gets no definitions from it.
if(NOT TARGET tessera::boost_headers)
  add_library(tessera::boost_headers INTERFACE IMPORTED)
  target_include_directories(tessera::boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
endif()
