#include "pages.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace tool {

namespace {

/// roff reads a dot or a quote at the start of a line, and backslashes, as its own.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '-') out += '\\';
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    out += c;
  }
  return out;
}

std::string options_of(const CLI::App& app, bool positional) {
  std::string out;
  for (const auto* const option : app.get_options()) {
    if (option->get_positional() != positional || option->get_group().empty()) continue;
    const bool takes = option->get_items_expected_max() > 0;
    const auto name = positional ? option->get_name(true) : option->get_name(false, true);
    out += ".TP\n.B " + escaped(name) + (takes && !positional ? " VALUE" : "") + '\n' +
           escaped(option->get_description().empty() ? "An array" : option->get_description()) +
           '\n';
  }
  return out;
}

}  // namespace

std::string manual(const CLI::App& app) {
  auto out =
      ".TH TESSERA 1\n.SH NAME\ntessera \\- arrays in shared memory and in .npy files\n"
      ".SH SYNOPSIS\n.B tessera\n[\\-\\-dir FOLDER] COMMAND ...\n.SH DESCRIPTION\n" +
      escaped(app.get_description()) + "\n.SH OPTIONS\n" + options_of(app, false) +
      ".SH COMMANDS\n";
  for (const auto* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    out += ".SS tessera " + command->get_name() + '\n' + escaped(command->get_description()) +
           ".\n" + options_of(*command, true) + options_of(*command, false);
  }
  return out + ".SH EXIT STATUS\n" + escaped(app.get_footer()) +
         "\n.SH ENVIRONMENT\n.TP\n.B TESSERA_DIR\nThe folder of names, instead of /dev/shm\n"
         ".TP\n.B NO_COLOR\nIf it is set, pictures have no colours\n"
         ".TP\n.B COLUMNS, LINES\nThe size of the terminal\n";
}

std::string completion(const CLI::App& app) {
  std::string commands, cases;
  for (const auto* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    commands += (commands.empty() ? "" : " ") + command->get_name();
    std::string options;
    for (const auto* const option : command->get_options())
      if (!option->get_positional())
        options += (options.empty() ? "" : " ") + option->get_name(false, false);
    cases += "    " + command->get_name() + ") options=\"" + options + "\" ;;\n";
  }
  return "# Completion of tessera in bash; in zsh after `autoload -U bashcompinit; bashcompinit`.\n"
         "_tessera() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} options=\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    COMPREPLY=($(compgen -W \"" +
         commands +
         "\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  else\n"
         "    COMPREPLY=($(cd \"${TESSERA_DIR:-/dev/shm}\" 2>/dev/null && compgen -f -- "
         "\"$word\")\n"
         "               $(compgen -f -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -F _tessera tessera\n";
}

}  // namespace tool
