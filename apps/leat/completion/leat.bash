# bash completion of leat and leatd: the programs themselves say what a word may become.
# SPDX-License-Identifier: BSD-2-Clause
_leat() {
    local line=${COMP_LINE:0:COMP_POINT} word before i
    local -a words
    COMPREPLY=()
    # What stands behind `leat run` belongs to another program.
    if [[ ${COMP_WORDS[0]##*/} == leat ]]; then
        for ((i = 1; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
                -n) ((++i)) ;;
                -*) ;;
                run)
                    for ((i++; i < COMP_CWORD; i++)); do
                        case ${COMP_WORDS[i]} in
                            -n) ((++i)) ;;
                            --) ((++i)); break ;;
                            -*) ;;
                            *) break ;;
                        esac
                    done
                    if ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then
                        _command_offset $i
                        return
                    fi
                    break
                    ;;
                *) break ;;
            esac
        done
    fi
    # readline replaces what follows the last = or : alone
    word=${line##*[[:blank:]]}
    before=${word%"${word##*[=:]}"}
    mapfile -t words < <("${COMP_WORDS[0]}" --complete "$line" 2>/dev/null)
    for i in "${words[@]}"; do
        case $i in
            :file) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "${word#"$before"}"); compopt -o filenames ;;
            :command) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$word") ;;
            *) COMPREPLY+=("${i#"$before"}") ;;
        esac
    done
    # more is to come behind a name that is half of one
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=:.] ]]; then compopt -o nospace; fi
}
complete -F _leat leat leatd
