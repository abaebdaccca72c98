# bash-offers.sh FILE LINE : what bash offers for a line by the completion in FILE, one a line.
shopt -s progcomp
source "$1"
read -ra COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
# It speaks to a line being typed, of which there is none here.
compopt() { :; }
call=$(complete -p "${COMP_WORDS[0]}")
[[ $call =~ -F\ ([^ ]+) ]] && "${BASH_REMATCH[1]}"
printf '%s\n' "${COMPREPLY[@]}"
