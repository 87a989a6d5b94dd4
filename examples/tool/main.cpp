// tessera: what is in shared memory and in .npy files, listed, looked at, compared, copied,
// removed.
#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <tessera/memory/segment_folder.hpp>
#include <tessera/pool/run_as_worker.hpp>
#include <vector>

#include "commands.hpp"
#include "pages.hpp"

namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done; 1 diff found a difference; 2 something is wrong, and the text says what.";
constexpr const char* about =
    "Arrays in shared memory and in .npy files.\n"
    "An array is a NAME, a FILE.npy (also with a folder: ./FILE), or a part of it as in NumPy: "
    "'NAME[0, 40:44, ::2]'. Where several are taken, NAME may have * and ?.";

/// The commands, and what they are told.
struct Program {
  CLI::App app{about, "tessera"};
  std::string folder;
  std::function<int()> chosen;  // the command that was named

  tool::ListOptions list_options;
  tool::StatOptions stat_options;
  tool::ViewOptions view_options;
  std::vector<std::string> names;
  std::string first, second, shell, field;
  bool any_user = false, force = false, dry_run = false;

  Program() {
    app.footer(exit_codes);
    app.require_subcommand(0, 1);
    app.add_option("--dir", folder, "The folder of names, instead of TESSERA_DIR or /dev/shm");

    auto& list = command(
        "list", "What there is: type, shape, size, owner, and how many processes have it mapped",
        [this] { return tool::list(list_options), 0; });
    list.add_option("NAME", list_options.names, "Only these; * and ? are patterns");
    list.add_flag("--json", list_options.json, "As JSON");
    list.add_flag("--all-users", list_options.all_users, "Other users' arrays too, as root may");
    list.add_option("--watch", list_options.watch, "Again and again, every so many seconds: 2")
        ->expected(0, 1)
        ->default_str("2")
        ->check(CLI::PositiveNumber);

    auto& info = command("info", "All about an array, but its elements",
                         [this] { return tool::info(names, any_user), 0; });
    info.add_option("NAME", names)->required();

    auto& stat = command("stat", "Min, percentiles, max, mean, standard deviation, NaN",
                         [this] { return tool::stat(stat_options), 0; });
    stat.add_option("NAME", stat_options.names)->required();
    stat.add_option("--axis", stat_options.axis, "A line for each index of this axis")
        ->check(CLI::NonNegativeNumber);
    stat.add_option("--field", stat_options.field, "Of structs; real or imag of complex numbers");
    stat.add_flag("--json", stat_options.json, "As JSON, with all digits");
    any_users(stat, stat_options.any_user);

    auto& show = command("show", "Elements, as NumPy prints them",
                         [this] { return tool::show(first, field, any_user), 0; });
    show.add_option("NAME", first, "'NAME[0, 40:44]'")->required();
    show.add_option("--field", field, "Of structs; real or imag of complex numbers");

    auto& view = command("view", "A picture of two axes, in the terminal or as a PNG file",
                         [this] { return tool::view(view_options), 0; });
    view.add_option("--png", view_options.png, "Write this file instead");
    auto& watch = command("watch", "The picture again at each step that is published",
                          [this] { return tool::watch(view_options), 0; });
    watch
        .add_option("--interval", view_options.interval, "Seconds, where no steps are published: 1")
        ->check(CLI::PositiveNumber);
    watch.add_option("--pictures", view_options.pictures, "Ends after so many")
        ->check(CLI::PositiveNumber);
    for (auto* const shows : {&view, &watch}) {
      shows->add_option("NAME", view_options.what, "'NAME[0]': by default the last two axes")
          ->required();
      shows->add_option("--low", view_options.low, "The value of the first colour");
      shows->add_option("--high", view_options.high, "The value of the last colour");
      shows->add_flag("--flip", view_options.flip, "Row 0 at the bottom, as maps from the south");
      shows->add_option("--unit", view_options.unit, "Of the numbers, for the colour scale");
      shows->add_option("--field", view_options.field,
                        "Of structs; real or imag of complex numbers");
      shows
          ->add_option("--colours", view_options.colours,
                       "none, 256 or full; else as the terminal can")
          ->check(CLI::IsMember({"none", "256", "full"}));
      any_users(*shows, view_options.any_user);
    }

    auto& diff = command("diff", "Whether two arrays are equal, and by how much they differ",
                         [this] { return tool::diff(first, second, any_user) ? 0 : 1; });
    diff.add_option("A", first)->required();
    diff.add_option("B", second)->required();

    auto& cp = command("cp", "Copy an array to a name or to a file",
                       [this] { return tool::copy(first, second, any_user), 0; });
    cp.add_option("FROM", first)->required();
    cp.add_option("TO", second, "A file if it has a / or ends in .npy")->required();
    auto& load = command("load", "Load a file into shared memory, to stay there",
                         [this] { return tool::load(first, second), 0; });
    load.add_option("FILE", first)->required();
    load.add_option("NAME", second)->required();
    auto& save = command("save", "Copy an array to an .npy file",
                         [this] { return tool::save(first, second, any_user), 0; });
    save.add_option("NAME", first)->required();
    save.add_option("FILE", second)->required();
    for (auto* const reads : {&info, &show, &diff, &cp, &save}) any_users(*reads, any_user);

    auto& rm = command("rm", "Remove names; programs that use such an array keep its memory",
                       [this] { return tool::remove(names, force), 0; });
    rm.add_option("NAME", names)->required();
    rm.add_flag("--force", force, "Though its owner lives");
    auto& reap = command("reap", "Remove what dead programs left behind",
                         [this] { return tool::reap(dry_run, any_user), 0; });
    reap.add_flag("--dry-run", dry_run, "Only say what would be removed");
    reap.add_flag("--all-users", any_user, "Of any user, as root may");

    auto& completion =
        command("completion", "Print what bash or zsh needs to complete commands", [this] {
          std::cout << tool::completion(app);
          return 0;
        });
    completion.add_option("SHELL", shell)->required()->check(CLI::IsMember({"bash", "zsh"}));
    auto& page = command("man", "Print the manual page, for man -l -", [this] {
      std::cout << tool::manual(app);
      return 0;
    });
    page.group("");  // for the installation
  }

  CLI::App& command(const std::string& name, const std::string& what, std::function<int()> run) {
    auto* const out = app.add_subcommand(name, what);
    out->callback([this, run = std::move(run)] { chosen = run; });
    return *out;
  }
  static void any_users(CLI::App& reads, bool& any_user) {
    reads.add_flag("--any-user", any_user, "Though it is another user's");
  }

  int run(int argc, char** argv) {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);
      throw std::runtime_error(std::string(error.what()) + "; see tessera --help");
    }
    if (!folder.empty()) tessera::set_segment_folder(folder);
    if (!chosen) {
      std::cout << app.help();
      return 0;
    }
    const int code = chosen();
    std::cout << std::flush;
    if (!std::cout) throw std::runtime_error("can't write to standard output");
    return code;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  try {
    return Program().run(argc, argv);
  } catch (const tessera::Error& error) {
    std::cerr << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "tessera: " << error.what() << '\n';
  }
  return 2;
}
