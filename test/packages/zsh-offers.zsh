# zsh-offers.zsh FOLDER LINE : what an interactive zsh offers for a line, one a line.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= TERM=dumb; fpath=($1 \$fpath); autoload -Uz compinit && compinit -D -u"
# What completion would add is told instead; what it only asks for (-O, -A, -D) is left as it is.
zpty -w shell 'compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -A found "$@"
  local one; for one in $found; do print -r -- "OFFER $one"; done
}; ended() { print -r -- "EN""DED" }; comppostfuncs=(ended); print REA"DY"'
zpty -r -m shell text '*READY*' || exit 1
zpty -w -n shell "$2"$'\t'
zpty -r -m shell text '*ENDED*' || exit 1
print -r -- "$text" | tr -d '\r' | sed -n 's/.*OFFER //p'
zpty -d shell
