# fish-offers.fish FILE LINE : what fish offers for a line by the completion in FILE, one a line.
source $argv[1]
complete -C $argv[2] | string replace -r '\t.*' ''
true
