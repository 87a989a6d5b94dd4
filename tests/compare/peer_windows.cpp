// A Windows program: makes an array, starts itself to attach and change it, and reads that.
#include <cstdlib>
#include <iostream>
#include <string>
#include <tessera.hpp>

using namespace tessera;

int main(int argc, char** argv) try {
  if (argc > 1) {
    auto a = SharedArray<float, 2>::attach("cmp_windows");
    a(1, 2) = 7;
    return 0;
  }
  auto a = SharedArray<float, 2>::create("cmp_windows", {3, 4});
  const int status = std::system((std::string(argv[0]) + " again").c_str());
  std::cout << "status " << status << ", element " << a(1, 2) << std::endl;
} catch (const std::exception& error) {
  std::cout << error.what() << std::endl;
  return 2;
}
