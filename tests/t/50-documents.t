#!/usr/bin/perl
# The documents: manual pages without a fault, and files that the build and the scripts name.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Rig qw(folder source read_file);
use Rig::Push qw(fields);

for my $page (map { s{.*/}{}r } glob source() . '/man/*.[0-9]') {
	my $folder = source() . '/man';
	is qx{cd $folder && mandoc -Tlint -W style $page 2>&1}, '', "$page is clean under mandoc -Tlint";
}

# as web pages they lead to each other, and README to each
my $folder = folder();
for my $page (map { s{.*/}{}r } glob source() . '/man/*.[0-9]') {
	my $html = qx{cd $folder && mandoc -Thtml -O man=%N.%S.html,toc @{[source()]}/man/$page};
	ok -e source() . '/man/' . $_ =~ s/\.html$//r, "$page leads to $_" for $html =~ /href="([^"#]+\.html)"/g;
	like read_file(source() . '/README.md'), qr{\(html/\Q$page\E\.html\)}, "README leads to $page";
	like read_file(source() . '/Makefile.am'), qr{html/\Q$page\E\.html}, 'which is made';
}

# every message that the worker can log is told in its manual; what stands between the values has to be there
sub messages {
	my ($source) = @_;
	my $strings = qr/(?:"(?:[^"\\]|\\.)*"\s*)+/;
	my @found = $source =~ /\b(?:log_error|log_warning|log_info|log_fatal|(?:db_)?note_problem|outage_note|fault)\((?:db, |reading, )?($strings)/g;
	push @found, $source =~ /^\s*\[[A-Z]+ING\] = ($strings)/mg if $source =~ /trouble_texts/;
	return map { join('', /"((?:[^"\\]|\\.)*)"/g) =~ s/\\"/"/gr } @found;
}

my $page = qx{mandoc -Tascii @{[source()]}/man/callresultd.8 | col -b} =~ s/\s+/ /gr;
# a default that is bad is a mistake in the program, found by a unit test
my @programs = grep { !m{/ctl/} } glob source() . '/src/*.c ' . source() . '/src/*/*.c';
for my $message (grep { !/^the default of / } map { messages(read_file($_)) } @programs) {
	my @missing = grep { /\w\w/ && index($page, $_) < 0 } map { s/\A[\s;:,.]+|[\s;:,.(]+\z//gr } split /%[a-z]+/, $message;
	is_deeply \@missing, [], "the manual has: $message";
}

# every field of a record, its column and its limit
my $protocol = read_file(source() . '/man/callresult-push.7');
my ($records) = $protocol =~ /^\.Sh CALL RECORDS$(.*?)^\.Sh/ms;
for my $field (fields()) {
	my ($told) = $records =~ /^\.It Va \Q$field->{name}\E Pq Va \Q$field->{column}\E\b(.*?\.)$/ms;
	ok defined $told, "the manual has the field $field->{name}";
	like $told, qr/\b$field->{limit} bytes/, 'with its limit' if $field->{limit} > 0;
}

# every answer to a push, with the status that the worker has for it
my %sentence = read_file(source() . '/src/push/outcome.c') =~ /\[(OUTCOME_\w+)\]\s*= "(.*?)"/g;
my %status = read_file(source() . '/src/front/reply.c') =~ /\[(OUTCOME_\w+)\]\s*= \{ (\d+)/g;
delete @sentence{qw(OUTCOME_LIVE OUTCOME_READY OUTCOME_READY_UNSPOOLED OUTCOME_DEGRADED OUTCOME_NOT_READY OUTCOME_METRICS)};
like $protocol, qr/^\.It $status{$_} \\&"\Q$sentence{$_}\E"$/m, "the manual has the answer: $sentence{$_}" for sort keys %sentence;
is_deeply [grep { my $text = $_; !grep { $_ eq $text } values %sentence } $protocol =~ /^\.It \d+ \\&"(.*)"$/mg], [], 'and no other';

my $readme = read_file(source() . '/README.md');
ok -e source() . "/$_", "README names $_, which is there" for $readme =~ m{`((?:src|sql|nginx|apache|lighttpd|caddy|monitoring|systemd|debian|man|tests|bench)/[\w./-]*)`}g;
ok -e source() . "/$1/$2", "README names $1/$2, which is there"
    while $readme =~ m{/usr/share/callresultd/(sql|nginx|apache|lighttpd|caddy|monitoring)/([\w.-]+)}g;

# each sample for Apache and both set-ups have the one line that keeps tokens out of its log; the tests run it
my ($custom_log) = read_file(source() . '/apache/callresult-proxy-fcgi.conf') =~ /^#   (CustomLog .*)/m;
ok index(read_file(source() . "/$_"), "   $custom_log\n") > 0, "$_ keeps tokens out of Apache's log"
    for qw(README.md debian/README.Debian apache/callresult-fcgid.conf apache/callresult-cgi.conf);

# every program's package is in the one list
my $packages = read_file(source() . '/scripts/packages');
like $packages, qr/^(?:build|run|test)\s+\Q$_\E$/m, "$_ is in the list of packages"
    for qw(postgresql nginx-light apache2 libapache2-mod-fcgid spawn-fcgi curl openssl mandoc sqlite3 libcmocka-dev perl
    systemd prometheus pgbouncer lighttpd caddy bsdextrautils);
# so that everybody installs them from the registry of his own
unlike read_file(source() . '/bench/stacks/package-lock.json'), qr/"resolved"/, 'no registry is named for the peers of bench/peers';
# the Chinese README has the commands of the English one
my @english = $readme =~ /^    (\s*\S.*)/mg;
cmp_ok scalar @english, '>', 40, 'README has commands';
is_deeply [read_file(source() . '/README.zh-CN.md') =~ /^    (\s*\S.*)/mg], \@english, 'the same ones in Chinese, in the same order';

# --- a release: one version everywhere, and steps that are frozen
my ($version) = read_file(source() . '/configure.ac') =~ /^AC_INIT\(\[callresultd\], \[(.*?)\]\)/m;
my ($news, $unreleased) = read_file(source() . '/NEWS') =~ /^(\d\S*)( \(not released yet\))?/m;
is $news, $version, 'NEWS begins with the version';
like read_file(source() . '/debian/changelog'), qr/\Acallresultd \(\Q$version\E\)/, 'and so does the changelog of the package';
my %frozen = map { reverse split ' ' } grep { !/^#/ } split /\n/, read_file(source() . '/sql/tables/SUMS');
is sha256_hex(read_file(source() . "/sql/tables/$_")), $frozen{$_}, "$_ is as it was released" for sort keys %frozen;
SKIP: {
	skip 'not released yet', 1 if $unreleased;
	is_deeply [grep { !$frozen{$_} } map { s{.*/}{}r } glob source() . '/sql/tables/*.sql'], [], 'every step of a release is frozen';
}

# --- what the manual says of memory is what the code counts with, and tests/t/14-memory.t measures
my @words = qw(no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen);
for (['src/front/server.h', 'SERVER_BODIES', qr/bodies in flight may take (\w+) times this size/],
    ['src/push/push.h', 'PUSH_TIMES', qr/or up to\s(\w+) times if it consists of very small records/]) {
	my ($file, $name, $said) = @$_;
	my ($times) = read_file(source() . "/$file") =~ /\b$name = (\d+)/;
	is +(read_file(source() . '/man/callresultd.8') =~ $said)[0], $words[$times], "callresultd(8) has $name of $file";
}

# each safeguard that tests/bite takes out is there
is qx{@{[source()]}/tests/bite -n 2>&1} =~ s/^\d+ passed, 0 failed\n\z//r, '', 'tests/bite finds each safeguard';

# --- the page of proofs names tests that are there
my @proofs = read_file(source() . '/docs/PROOF.md') =~ m{\b(tests/[\w./-]*\w)}g;
cmp_ok scalar @proofs, '>', 5, 'the proofs have commands';
ok -e source() . "/$_", "docs/PROOF.md names $_, which is there" for @proofs;
done_testing;
