// expect first: so its captures must be trivially copyable: no std::string
#include <tessera.hpp>

#include <string>

int main() {
  const std::string file = "table.bin";
  tessera::TiledPool pool(2, {.each_worker = [file] { return file.size(); }});
}
