// `sidejob completion SHELL`: the script that makes the Tab key know commands, options and ids. It asks complete.ts.
import { SidejobError } from '../errors.js';
import { COMPLETE } from './commands.js';
import { command } from './options.js';

const BASH = `# Completion of sidejob for bash. In ~/.bashrc:  eval "$(sidejob completion bash)"
_sidejob() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
      :folders) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}"); continue ;;
    esac
    compopt -o filenames 2>/dev/null
  done < <("$1" ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _sidejob sidejob
`;

const ZSH = `#compdef sidejob
# Completion of sidejob for zsh. In ~/.zshrc, after compinit:  eval "$(sidejob completion zsh)"
_sidejob() {
  local line
  local -a lines described
  lines=("\${(@f)$("\${words[1]}" ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  for line in "\${lines[@]}"; do
    case "$line" in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      *) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#described} )) && _describe sidejob described
}
if [[ "\${funcstack[1]}" == _sidejob ]]; then _sidejob "$@"; else compdef _sidejob sidejob; fi
`;

const FISH = `# Completion of sidejob for fish. In ~/.config/fish/config.fish:  sidejob completion fish | source
function __sidejob_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $words[1] ${COMPLETE} $words[2..-1] "$current" 2>/dev/null </dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current" folder
            case '*'
                echo $line
        end
    end
end
complete -c sidejob -f -a '(__sidejob_complete)'
`;

const SCRIPTS: Record<string, string> = { bash: BASH, zsh: ZSH, fish: FISH };

export const completionCommand = command(
  {
    ...{ options: {}, words: true },
    notes: `In ~/.bashrc:                  eval "$(sidejob completion bash)"
In ~/.zshrc, after compinit:   eval "$(sidejob completion zsh)"
In ~/.config/fish/config.fish: sidejob completion fish | source`,
  },
  async ({ positionals: [shell, ...others] }, { stdout }) => {
    const script = shell === undefined || others.length > 0 ? undefined : SCRIPTS[shell];
    if (script === undefined)
      throw new SidejobError('bad_argument', `which shell? ${Object.keys(SCRIPTS).join(', ')}.`);
    stdout(script);
    return 0;
  },
);
