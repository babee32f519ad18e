"""The verb `completion`: what makes a shell complete verbs, options and their values."""

NOTES = """\
examples:
  tfdynconv completion bash > ~/.local/share/bash-completion/completions/tfdynconv
  tfdynconv completion zsh > ~/.zfunc/_tfdynconv
  tfdynconv completion fish > ~/.config/fish/completions/tfdynconv.fish

Or for one session: source <(tfdynconv completion bash). For zsh the folder must be in fpath before compinit runs.
"""
SHELLS = ("bash", "zsh", "fish")
BEFORE = {"--help": "show a help message and exit", "--version": "show the version and exit"}  # in place of a verb
SAFE = {"'": "", '"': "", "`": "", "\\": "", "$": "", "[": "(", "]": ")", ":": ","}


def add(verbs):
    parser = verbs.add_parser("completion", help="a script with which a shell completes this command", epilog=NOTES)
    parser.add_argument("shell", choices=SHELLS, help="which shell")
    return parser


def run(asked):
    """The shell, and its script."""
    from tfdynconv.cli import main

    writers = {"bash": bash, "zsh": zsh, "fish": fish}
    return asked.shell, writers[asked.shell](
        main.parser().verbs, {verb: told(module) for verb, module in main.VERBS.items()}
    )


def as_json(result):
    shell, script = result
    return {"shell": shell, "script": script}


def as_text(result):
    return result[1]


def told(module):
    """What a verb does, from the first line of its file."""
    return plain(module.__doc__.splitlines()[0].partition(": ")[2].rstrip("."))


def words(parser):
    """`[(option, help, values or None, whether a value follows)]`."""
    return [
        (option.option_strings[-1], plain(option.help), option.choices, option.nargs != 0)
        for option in parser.taken
        if option.option_strings
    ]


def places(parser):
    """The values that an argument without a name may have, if they can be listed."""
    return [str(value) for option in parser.taken if not option.option_strings for value in option.choices or ()]


def plain(text):
    """Without what would end a quotation or a description in one of the shells."""
    return (text or "").translate({ord(letter): other for letter, other in SAFE.items()})


def bash(verbs, descriptions):
    values = [
        f'    "{verb} {name}") words="{" ".join(map(str, choices))}" ;;'
        for verb, parser in verbs.items()
        for name, _, choices, _ in words(parser)
        if choices
    ]
    options = [
        f'      {verb}) words="{" ".join([*(name for name, *_ in words(parser)), *places(parser)])}" ;;'
        for verb, parser in verbs.items()
    ]
    return "\n".join(
        [
            "_tfdynconv() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" verb="${COMP_WORDS[1]}" words=""',
            '  if [ "$COMP_CWORD" -eq 1 ]; then',
            f'    COMPREPLY=($(compgen -W "{" ".join([*verbs, *BEFORE])}" -- "$word"))',
            "    return",
            "  fi",
            '  case "$verb $before" in',
            *values,
            "  esac",
            '  if [ -z "$words" ]; then',
            '    case "$verb" in',
            *options,
            "    esac",
            '    [[ "$word" == -* ]] || COMPREPLY=($(compgen -f -- "$word"))',
            "  fi",
            '  COMPREPLY+=($(compgen -W "$words" -- "$word"))',
            "}",
            "complete -o filenames -F _tfdynconv tfdynconv",
        ]
    )


def zsh(verbs, descriptions):
    lines = ["#compdef tfdynconv", "_tfdynconv() {", "  local -a verbs", "  verbs=("]
    lines += [f"    '{verb}:{descriptions[verb]}'" for verb in verbs]
    lines += [
        "  )",
        "  local -a options",
        "  options=(",
        *(f"    '{name}:{text}'" for name, text in BEFORE.items()),
        "  )",
    ]
    lines += ["  if (( CURRENT == 2 )); then", "    _describe verb verbs", "    _describe -o option options"]
    lines += ["    return", "  fi"]
    lines += ["  local verb=$words[2]", "  shift words", "  (( CURRENT-- ))", "  case $verb in"]
    for verb, parser in verbs.items():
        lines.append(f"    {verb}) _arguments \\")
        for name, text, choices, takes in words(parser):
            follows = f":value:({' '.join(map(str, choices))})" if choices else ":value:_files" if takes else ""
            lines.append(f"      '{name}[{text}]{follows}' \\")
        listed = places(parser)
        lines.append(f"      '*:file:({' '.join(listed)})' ;;" if listed else "      '*:file:_files' ;;")
    # A file of fpath is read when the first word is completed, and has to do that too.
    end = ["if [[ $zsh_eval_context[-1] == loadautofunc ]]; then", '  _tfdynconv "$@"', "else"]
    return "\n".join([*lines, "  esac", "}", *end, "  compdef _tfdynconv tfdynconv", "fi"])


def fish(verbs, descriptions):
    first = "complete -c tfdynconv -n __fish_use_subcommand"
    lines = [f"{first} -l {name.lstrip('-')} -d '{text}'" for name, text in BEFORE.items()]
    for verb, parser in verbs.items():
        lines.append(f"{first} -f -a {verb} -d '{descriptions[verb]}'")
        at = f"complete -c tfdynconv -n '__fish_seen_subcommand_from {verb}'"
        lines += [f"{at} -f -a '{' '.join(places(parser))}'"] if places(parser) else []
        for name, text, choices, takes in words(parser):
            follows = f" -x -a '{' '.join(map(str, choices))}'" if choices else " -r" if takes else ""
            lines.append(f"{at} -l {name.lstrip('-')}{follows} -d '{text}'")
    return "\n".join(lines)
