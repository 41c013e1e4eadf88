# A PostgreSQL of the test's own: a cluster in the temporary folder, on a unix socket, with the schema installed.
package Rig::Postgres;

use strict;
use warnings;
use Rig qw(folder source run_command spawn stop_process wait_for read_file write_file freeze processes_below);

my $count = 0;

# PostgreSQL refuses to run as root.
sub as_postgres {
	my (@command) = @_;
	return $> == 0 ? ('runuser', '-u', 'postgres', '--', @command) : @command;
}

# Where Debian's initdb is: pg_config knows, if it is installed; else the newest that is there.
sub debian_bin {
	our $bin //= do {
		chomp(my $configured = `pg_config --bindir 2>/dev/null` // '');
		my @found = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] } glob '/usr/lib/postgresql/*/bin';
		(grep { -x "$_/initdb" } $configured, @found)[0] // die "no PostgreSQL server is installed\n";
	};
	return $bin;
}

# The server under test is Debian's, or the one whose programs are in PG_BINDIR.
sub bin { return $ENV{PG_BINDIR} // debian_bin() }

# A program of PostgreSQL that talks to a server: PG_BINDIR may hold none but the server's own.
sub client { my ($name) = @_; return (grep { -x } map { "$_/$name" } bin(), debian_bin())[0] }

# Whether the server under test brings its own pg_dump and pg_basebackup, which refuse a server newer than they are.
sub has_own_clients { return -x bin() . '/pg_dump' }

# The server under test where it can be dumped, else Debian's.
sub dumped_bin { return has_own_clients() ? bin() : debian_bin() }

# %with: settings => { name => value }, schema => 0 to leave the schema out, before => code run with its folder at
# first, bin => where its programs are.
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/pg' . ++$count;
	mkdir $folder or die "$folder: $!";
	$with{before}->($folder) if $with{before};
	if ($> == 0) { chown((getpwnam 'postgres')[2, 3], $folder) or die "chown: $!"; }
	my $self = bless { folder => $folder, settings => $with{settings} // {}, bin => $with{bin} // bin() }, $class;
	run_command(as_postgres("$self->{bin}/initdb", '-D', "$folder/data", '-U', 'postgres', '-A', 'trust', '-E',
	    'UTF8',
		'--locale=C.UTF-8', '--no-sync'));
	$self->start;
	$self->sql('create database callresult', 'postgres');
	$self->install if $with{schema} // 1;
	return $self;
}

# A standby that follows the primary, which waits for it at every commit (synchronous replication).
sub standby_of {
	my ($class, $primary) = @_;
	my $folder = folder() . '/pg' . ++$count;
	mkdir $folder or die "$folder: $!";
	if ($> == 0) { chown((getpwnam 'postgres')[2, 3], $folder) or die "chown: $!"; }
	my $self = bless { folder => $folder, settings => $primary->{settings}, bin => $primary->{bin} }, $class;
	run_command(as_postgres("$self->{bin}/pg_basebackup", '-R', '--no-sync', '--checkpoint=fast', '-D',
	    "$folder/data",
		'-d', "host=$primary->{folder} user=postgres application_name=standby"));
	$self->start;
	$primary->sql(q{alter system set synchronous_standby_names = 'standby'});
	$primary->sql('select pg_reload_conf()');
	wait_for(sub { $primary->sql('select sync_state from pg_stat_replication') eq 'sync' }, 30)
	    or die "no standby\n";
	# commits wait once the checkpointer has read the setting, as it does before it begins one
	$primary->sql('checkpoint');
	return $self;
}

# Returns once it takes writes.
sub promote { $_[0]->sql('select pg_promote(true, 60)', 'postgres'); return }

sub start {
	my ($self) = @_;
	my %settings = (listen_addresses => '', unix_socket_directories => $self->{folder}, max_connections => 200,
		shared_buffers => '64MB', %{ $self->{settings} });
	$self->{pid} = spawn([as_postgres("$self->{bin}/postgres", '-D', "$self->{folder}/data",
		map { ('-c', "$_=$settings{$_}") } sort keys %settings)], log => "$self->{folder}/log",
		end => sub { $self->quit });
	wait_for(sub { $self->answers }, 60) or die "PostgreSQL does not start:\n" . read_file("$self->{folder}/log");
	return $self;
}

sub answers {
	my ($self) = @_;
	return system(client('pg_isready') . " -q -h $self->{folder}") == 0;
}

sub postmaster { return (split /\n/, read_file("$_[0]{folder}/data/postmaster.pid"))[0] }

# A postmaster that is killed leaves a System V shared memory segment behind, for ever.
sub quit {
	my $postmaster = $_[0]->postmaster;
	kill 'QUIT', $postmaster if defined $postmaster;
	return;
}

# How: fast, immediate, or kill (as kill -9 does, to all its processes).
sub stop {
	my ($self, $how) = @_;
	my %signals = (fast => 'INT', immediate => 'QUIT');
	my $postmaster = $self->postmaster;
	my $kill = ($how // 'fast') eq 'kill';
	my @processes = $kill ? freeze($postmaster) : processes_below($postmaster);
	if ($kill) { kill 'KILL', @processes; }
	else       { kill $signals{ $how // 'fast' }, $postmaster; }
	# runuser stops itself when what it runs is stopped by pause, and resume may come too early for it
	wait_for(sub { kill 'CONT', $self->{pid}; defined Rig::reap($self->{pid}) }, 60)
	    or die "PostgreSQL does not stop\n";
	# a backend that is still dying keeps the next server from its memory
	wait_for(sub { !grep { read_file("/proc/$_/stat") =~ /\) [^Z]/ } @processes }, 60)
	    or die "PostgreSQL's processes do not end\n";
	return;
}

sub pause  { freeze($_[0]->postmaster); return }
sub resume { kill 'CONT', processes_below($_[0]->postmaster); return }

sub install {
	my ($self) = @_;
	run_command('psql', '-X', '-q', '-h', $self->{folder}, '-U', 'postgres', '-d', 'callresult', '-f',
		source() . '/sql/install.sql');
	$self->sql('create role worker login in role callresult_writer');
	return;
}

# The result as text: columns parted by "|", rows by newlines.  In a deadlock it is the worker that has to give way, or
# its housekeeper, which waits for no lock for long.
sub sql {
	my ($self, $text, $database, $user) = @_;
	my $patience = defined $user ? '' : ' options=-cdeadlock_timeout=60s';
	my $output = run_command('psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $self->{folder}, '-U',
		$user // 'postgres', '-d', 'dbname=' . ($database // 'callresult') . $patience, '-c', $text);
	chomp $output;
	return $output;
}

# A session of its own that holds what the statements take until it is stopped; $then: until these are done.
sub hold {
	my ($self, $text, $then) = @_;
	$then //= 'select pg_sleep(600)';
	my $file = write_file("$self->{folder}/hold.sql", "begin; $text; select 'held'; $then;");
	my $log = "$self->{folder}/hold.log";
	unlink $log;
	my $pid = spawn(['psql', '-X', '-q', '-h', $self->{folder}, '-U', 'postgres', '-d', 'callresult', '-f', $file],
		log => $log);
	wait_for(sub { read_file($log) =~ /held/ }) or die "not held: " . read_file($log);
	return $pid;
}

sub let_go {
	my ($self, $pid) = @_;
	stop_process($pid, 'KILL');
	$self->sql(q{select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%'
		and pid <> pg_backend_pid()});
	return;
}

# The backend that a lock keeps waiting in store(), other than that one; undef when there is none in time.
sub waits_in_store {
	my ($self, $other) = @_;
	my $query = q{select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%callresult.store(%'
		and pid <> } . ($other // 0) . ' limit 1';
	return wait_for(sub { $self->sql($query) }) || undef;
}

sub conninfo { return "host=$_[0]{folder} user=worker dbname=callresult" }

1;
