#include "cli/verbs.h"

namespace watchbill::cli {

// The script carries the whole table of verbs and flags: completing must not start the program for each key.
ExitCode completion(Terminal& terminal, const std::vector<std::string>& words, const std::string& shell) {
  if (shell != "bash") return terminal.refuse(Refused{Refusal::not_yet_supported, "completion for " + shell + "; bash works"});
  std::string script =
      "_watchbill() {\n"
      "  local typed word rest candidates=\n"
      "  typed=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\"\n"
      "  while [[ $typed == *' -'* ]]; do typed=\"${typed% -*}\"; done\n"
      "  while IFS= read -r word; do\n"
      "    if [[ -z $typed ]]; then rest=$word; elif [[ $word == \"$typed \"* ]]; then rest=${word#\"$typed \"}; else continue; "
      "fi\n"
      "    [[ $rest == *' '* ]] || candidates+=\" $rest\"\n"
      "  done <<'WORDS'\n";
  for (const std::string& word : words) script.append(word).append("\n");
  script.append(
      "WORDS\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$candidates\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
      "}\n"
      "complete -o default -F _watchbill watchbill\n");
  terminal.print(script);
  return ExitCode::done;
}

}  // namespace watchbill::cli
