/** Completions for bash, zsh and fish, made from what --help is made from. */
import { dashed } from '../command-line/option.js';
import type { Option, Usage } from '../command-line/option.js';

type Usages = Readonly<Record<string, Usage>>;

/** What a word can be. */
type Kind = 'command' | 'file' | 'policy' | 'nothing' | { readonly choices: readonly string[] };

/** What an option takes as its value; undefined: it is a flag. */
function kindOf({ argument, choices }: Option): Kind | undefined {
  if (choices !== undefined) return { choices };
  switch (argument) {
    case undefined:
      return undefined;
    case 'NAME|FILE':
      return 'policy';
    default:
      return /\b(FILE|DIR|DIRECTORY)\b/.test(argument) && !argument.includes('=')
        ? 'file'
        : 'nothing';
  }
}

/** What the words behind the options are. */
function operandsOf({ synopsis }: Usage): Kind {
  if (synopsis.includes('COMMAND')) return 'command';
  if (synopsis.includes('NAME|FILE')) return 'policy';
  return synopsis.includes('PATH') ? 'file' : 'nothing';
}

const namesOf = (name: string, { short }: Option): string[] =>
  [name, short].filter((each) => each !== undefined).map(dashed);

/** First words, and what may follow those that have verbs of their own. */
function verbsOf(usages: Usages): Map<string, string[]> {
  const verbs = new Map<string, string[]>();
  for (const [first, second] of Object.keys(usages).map((words) => words.split(' '))) {
    if (first === undefined) continue;
    verbs.set(first, [...(verbs.get(first) ?? []), ...(second === undefined ? [] : [second])]);
  }
  return verbs.set('help', [...verbs.keys()]);
}

/** For a shell, between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `policies` are the names of those that come with the package. */
export function bashCompletion(usages: Usages, policies: readonly string[]): string {
  const words = (kind: Kind): string => {
    if (kind === 'command') return 'compgen -c -- "$word"';
    if (kind === 'file') return 'compgen -f -- "$word"';
    if (kind === 'policy') return `compgen -f -W ${quoted(policies.join(' '))} -- "$word"`;
    if (typeof kind === 'object') return `compgen -W ${quoted(kind.choices.join(' '))} -- "$word"`;
    return ':';
  };
  const verbs = verbsOf(usages);
  const cases = Object.entries(usages).map(([name, usage]) => {
    const options = Object.entries(usage.options);
    const values = options.flatMap(([each, option]) => {
      const kind = kindOf(option);
      return kind === undefined ? [] : [{ names: namesOf(each, option), kind }];
    });
    const flags = options.flatMap(([each, option]) => namesOf(each, option)).join(' ');
    return [
      `    ${quoted(name)})`,
      `        options=${quoted(flags)}`,
      `        with_value=${quoted(` ${values.flatMap(({ names }) => names).join(' ')} `)}`,
      `        operand() { ${words(operandsOf(usage))}; }`,
      '        value() {',
      '            case $1 in',
      ...values.map(({ names, kind }) => `            ${names.join(' | ')}) ${words(kind)} ;;`),
      '            esac',
      '        }',
      `        command=${operandsOf(usage) === 'command' ? 'yes' : ''}`,
      '        ;;',
    ].join('\n');
  });
  const second = [...verbs].filter(([, more]) => more.length > 0);
  return `# Completion of seccomp-spoof for bash; made when the package was built.
_seccomp_spoof() {
    local word=\${COMP_WORDS[COMP_CWORD]} verb=\${COMP_WORDS[1]} at=2
    local options= with_value= command= i previous=
    local IFS=$'\\n'
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(IFS=' '; compgen -W ${quoted([...verbs.keys()].join(' '))} -- "$word"))
        return
    fi
    case $verb in
${second
  .map(
    ([name, more]) => `    ${name})
        if [ "$COMP_CWORD" -eq 2 ]; then
            COMPREPLY=($(IFS=' '; compgen -W ${quoted(more.join(' '))} -- "$word"))
            return
        fi
        verb="$verb \${COMP_WORDS[2]}" at=3
        ;;`,
  )
  .join('\n')}
    esac
    operand() { :; }
    value() { :; }
    case $verb in
${cases.join('\n')}
    esac
    for ((i = at; i < COMP_CWORD; i++)); do
        previous=
        case \${COMP_WORDS[i]} in
        --) ((i++)) && break ;;
        -*) case $with_value in *" \${COMP_WORDS[i]} "*) previous=\${COMP_WORDS[i]} && ((i++)) ;; esac ;;
        *) [ -n "$command" ] && break ;;
        esac
    done
    if [ -n "$previous" ] && [ "$i" -gt "$COMP_CWORD" ]; then
        COMPREPLY=($(IFS=' '; value "$previous"))
    elif [ -n "$command" ] && [ "$i" -lt "$COMP_CWORD" ]; then
        if declare -F _command_offset >/dev/null; then _command_offset "$i"; else COMPREPLY=($(compgen -f -- "$word")); fi
    elif [[ $word == -* ]]; then
        COMPREPLY=($(IFS=' '; compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(IFS=' '; operand))
    fi
    unset -f operand value
}
complete -o filenames -F _seccomp_spoof seccomp-spoof
`;
}

/** In a specification of _arguments. */
const inZsh = (text: string): string => text.replaceAll(/[[\]:\\]/g, '\\$&');

export function zshCompletion(usages: Usages, policies: readonly string[]): string {
  const action = (kind: Kind): string => {
    if (kind === 'command') return '_command_names -e';
    if (kind === 'file') return '_files';
    if (kind === 'policy') return '_seccomp-spoof-policies';
    if (typeof kind === 'object') return `(${kind.choices.join(' ')})`;
    return ' ';
  };
  const specification = ([name, option]: readonly [string, Option]): string => {
    const names = namesOf(name, option);
    const kind = kindOf(option);
    const excludes = option.repeatable === true ? '*' : `(${names.join(' ')})`;
    const value = kind === undefined ? '' : `:${inZsh(option.argument ?? '')}:${action(kind)}`;
    const spelt = names.length > 1 ? `'{${names.join(',')}}'` : names.join('');
    return `'${excludes}${spelt}[${inZsh(option.about).replaceAll("'", "'\\''")}]${value}'`;
  };
  const operands = (usage: Usage): string => {
    const kind = operandsOf(usage);
    if (kind === 'command') return `'(-)1:command:_command_names -e' '*::argument:_normal'`;
    if (kind === 'policy') return `'*:policy:${action(kind)}'`;
    return kind === 'file' ? `'*:file:_files'` : '';
  };
  const cases = Object.entries(usages).map(
    ([name, usage]) => `    ${quoted(name)})
        _arguments -S \\
${[...Object.entries(usage.options).map(specification), operands(usage)]
  .filter((each) => each !== '')
  .map((each) => `            ${each}`)
  .join(' \\\n')}
        ;;`,
  );
  const verbs = [...verbsOf(usages)];
  return `#compdef seccomp-spoof
# Completion of seccomp-spoof for zsh; made when the package was built.
_seccomp-spoof-policies() {
    compadd -- ${policies.join(' ')}
    _files
}
_seccomp-spoof() {
    if ((CURRENT == 2)); then
        compadd -- ${verbs.map(([name]) => name).join(' ')}
        return
    fi
    local verb=$words[2]
    case $verb in
${verbs
  .filter(([, more]) => more.length > 0)
  .map(
    ([name, more]) => `    ${name})
        if ((CURRENT == 3)); then
            compadd -- ${more.join(' ')}
            return
        fi
        verb="$verb $words[3]"
        shift words
        ((CURRENT--))
        ;;`,
  )
  .join('\n')}
    esac
    shift words
    ((CURRENT--))
    case $verb in
${cases.join('\n')}
    esac
}
_seccomp-spoof "$@"
`;
}

export function fishCompletion(usages: Usages, policies: readonly string[]): string {
  const complete = 'complete -c seccomp-spoof';
  const values = (kind: Kind): string => {
    if (kind === 'file') return ' -r -F';
    if (kind === 'policy') return ` -r -F -a ${quoted(policies.join(' '))}`;
    if (typeof kind === 'object') return ` -x -a ${quoted(kind.choices.join(' '))}`;
    return ' -x';
  };
  const operands = (kind: Kind, skip: number): string => {
    if (kind === 'command') return ` -x -a '(__fish_complete_subcommand --fcs-skip=${skip})'`;
    if (kind === 'policy') return ` -F -a ${quoted(policies.join(' '))}`;
    return kind === 'file' ? ' -F' : '';
  };
  const verbs = [...verbsOf(usages)];
  const lines = [
    '# Completion of seccomp-spoof for fish; made when the package was built.',
    `${complete} -f`,
    `${complete} -n __fish_use_subcommand -a ${quoted(verbs.map(([name]) => name).join(' '))}`,
    ...verbs
      .filter(([, more]) => more.length > 0)
      .map(
        ([name, more]) =>
          `${complete} -n '__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${more.join(' ')}' -a ${quoted(more.join(' '))}`,
      ),
    ...Object.entries(usages).flatMap(([name, usage]) => {
      const words = name.split(' ');
      const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
      const here = `${complete} -n ${quoted(seen)}`;
      const options = Object.entries(usage.options).map(([each, option]) => {
        const kind = kindOf(option);
        const short = option.short === undefined ? '' : ` -s ${option.short}`;
        const value = kind === undefined ? '' : values(kind);
        return `${here} -l ${each}${short}${value} -d ${quoted(option.about)}`;
      });
      const behind = operands(operandsOf(usage), words.length + 1);
      return behind === '' ? options : [...options, here + behind];
    }),
  ];
  return `${lines.join('\n')}\n`;
}
