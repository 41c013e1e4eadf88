# A real PgBouncer between the worker and PostgreSQL, pooling transactions over few connections.
package Rig::PgBouncer;

use strict;
use warnings;
use Rig qw(folder spawn stop_process wait_for read_file write_file);
use Rig::Postgres;

my $count = 0;

# %with: postgres; connections => 2 to the server
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/pgbouncer' . ++$count;
	mkdir $folder or die "$folder: $!";
	if ($> == 0) { chown((getpwnam 'postgres')[2, 3], $folder) or die "chown: $!"; }
	my $self = bless { folder => $folder }, $class;
	my $connections = $with{connections} // 2;
	write_file("$folder/users", qq("worker" ""\n"postgres" ""\n));
	write_file("$folder/ini", <<"END");
[databases]
callresult = host=$with{postgres}{folder} dbname=callresult
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
admin_users = postgres
pool_mode = transaction
default_pool_size = $connections
server_login_retry = 1
logfile = $folder/log
END
	return $self->start;
}

sub start {
	my ($self) = @_;
	$self->{pid} = spawn([Rig::Postgres::as_postgres('/usr/sbin/pgbouncer', '-q', "$self->{folder}/ini")],
		log => "$self->{folder}/start.log");
	wait_for(sub { -S "$self->{folder}/.s.PGSQL.5432" }) or die "PgBouncer does not start:\n" . $self->logs;
	return $self;
}

# As an accident ends it.
sub stop {
	my ($self) = @_;
	kill 'KILL', reverse Rig::processes_below($self->{pid});
	wait_for(sub { defined Rig::reap($self->{pid}) });
	unlink "$self->{folder}/.s.PGSQL.5432";
	return;
}

sub logs     { return join '', map { read_file("$_[0]{folder}/$_") } qw(start.log log) }
sub conninfo { return "host=$_[0]{folder} user=worker dbname=callresult" }

1;
