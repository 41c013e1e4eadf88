#!/usr/bin/perl
# Completion in bash and zsh: every command and option that --help names.
use strict;
use warnings;
use Test::More;
use Rig qw(folder source write_file);
use Rig::Ctl qw(ctl);

my $program = Rig::Ctl::binary();
my $here = folder();
write_file("$here/a file", '');

# what is offered at the end of these words, a line each
my %offer = (
	bash => sub {
		my (@words) = @_;
		my $script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); cd "$HOME";'
		    . ' _callresultctl "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\n" "${COMPREPLY[@]}"';
		return run('bash', '--norc', '-c', $script, source() . '/completion/callresultctl', $program, @words);
	},
	zsh => sub {
		my (@words) = @_;
		# compadd and _files as the shell would answer them
		my $script = 'functions[complete_it]=$(<$0); cd $HOME; words=("$@"); CURRENT=$#; _files() { print -rl -- *(N) };'
		    . ' compadd() { [[ $1 == -- ]] && shift; print -rl -- ${(M)@:#$words[CURRENT]*} }; complete_it';
		return run('zsh', '-f', '-c', $script, source() . '/completion/_callresultctl', $program, @words);
	},
);

sub run {
	my (@command) = @_;
	local $ENV{HOME} = $here;
	open my $out, '-|', @command or die "$command[0]: $!";
	my @lines = grep { $_ ne '' } map { chomp; $_ } <$out>;
	close $out;
	return { map { ($_ => 1) } @lines };
}

my @commands = ctl('--help')->{out} =~ /^  ([a-z]+(?: [a-z]+)?)  /mg;
cmp_ok scalar @commands, '>', 15, '--help names commands';
for my $shell (sort keys %offer) {
	SKIP: {
		skip "no $shell", 1 if !grep { -x "$_/$shell" } split /:/, $ENV{PATH};
		my $offer = $offer{$shell};
		my $first = $offer->('');
		for my $command (@commands) {
			my ($group, $second) = split / /, $command;
			ok $first->{$group}, "$shell: $group";
			ok $offer->('-c', 'any', $group, '')->{$second}, "$shell: $command" if defined $second;
			my @options = ctl('help', split / /, $command)->{out} =~ /^  (--?[a-zA-Z][a-z-]*)/mg;
			my $offered = $offer->(split(/ /, $command), '-');
			is_deeply [grep { !$offered->{$_} } @options], [], "$shell: $command: @options";
		}
		my @global = ctl('--help')->{out} =~ /^  (--?[a-zA-Z][a-z-]*)/mg;
		my $offered = $offer->('-');
		is_deeply [grep { !$offered->{$_} } @global], [], "$shell: @global";
		is_deeply $offer->('quarantine', 'r'), { map { ($_ => 1) } qw(retry resolve) },
		    "$shell: what begins so";
		ok $offer->('help', 'spool', '')->{drain}, "$shell: behind help";
		ok $offer->('import', '')->{'a file'}, "$shell: a file";
		ok !$offer->('spool', 'list', '')->{'a file'}, "$shell: no file where none is wanted";
		ok $offer->('-c', '')->{'a file'}, "$shell: the value of an option";
		is_deeply $offer->('report', '--format', ''), { map { ($_ => 1) } qw(text csv json html) },
		    "$shell: or a word";
		is_deeply $offer->('report', '--vdn', ''), {}, "$shell: or nothing";
		is_deeply $offer->('nonsense', ''), {}, "$shell: nothing of no command";
	}
}
done_testing;
