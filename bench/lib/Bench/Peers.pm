# The peers: the same job as other stacks do it (bench/stacks), each behind the nginx that callresultd is behind.  A peer
# stores one plain row a record, by one statement that takes the body as it came.
package Bench::Peers;

use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use IO::Socket::UNIX;
use Bench::Contender qw(empty_tables new_run start_nginx start_callresultd send_pushes check_stored);
use Bench::Line;
use Bench::Lines qw(front_ends rate);
use Bench::Proof qw(prove);
use Rig qw(folder source run_command spawn stop_process wait_for free_port read_file write_file);

our @EXPORT_OK = qw(line_names make_line missing_peers versions @ratios);

my %loads = ('one-1' => { records => 1, connections => 1 }, 'one-64' => { records => 1, connections => 64 },
	'hundred-16' => { records => 100, connections => 16 });

# Seconds of load before what is measured: for compilers, caches and connections.
my $warm_up = 2;

my $proxy = 'proxy_pass http://callresultd; proxy_http_version 1.1; proxy_set_header Connection "";';
my @gunicorn = qw(gunicorn --keep-alive 600 --backlog 2048 --worker-tmp-dir /dev/shm --log-level warning);
my @lua_modules = qw(ndk_http_module.so ngx_http_lua_module.so);

sub program { my ($name) = @_; return (grep { -x } map { glob "$_/$name" } '/usr/sbin', split /:/, $ENV{PATH})[-1] }

# needs: gives the program or folder without which a peer is left out.  The others are made with the folder of the stacks,
# the socket to listen at, and PostgreSQL: command, and location, http and main, texts of nginx's configuration.
my @peers = (
	{ name => 'PHP-FPM', variant => '16 children', needs => sub { return program('php-fpm[0-9]*') },
		command => \&php_command,
		location => sub {
			return "fastcgi_pass callresultd; fastcgi_param SCRIPT_FILENAME $_[0]/callback.php;"
			    . ' fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_LENGTH $content_length;';
		} },
	{ name => 'Node', variant => 'fastify', needs => sub { return program('npm') }, install => \&install_node_packages,
		command => sub { return ('node', "$_[0]/server.js", $_[1]) }, location => sub { return $proxy } },
	{ name => 'Python', variant => 'gunicorn, 8 workers', needs => sub { return program('gunicorn') },
		command => sub { return (@gunicorn, '--chdir', $_[0], '-b', "unix:$_[1]", '-w', 8, 'wsgi:application') },
		location => sub { return $proxy } },
	{ name => 'Python', variant => 'uvicorn', needs => sub { return program('uvicorn') },
		command => sub {
			return (@gunicorn, '--chdir', $_[0], '-b', "unix:$_[1]", '-k', 'uvicorn.workers.UvicornWorker',
				'asgi:application');
		},
		location => sub { return $proxy } },
	{ name => 'Lua in nginx', needs => sub { return $ENV{PGMOON_DIR} },
		main => sub { return join ' ', map { "load_module /usr/lib/nginx/modules/$_;" } @lua_modules },
		http => sub {
			my $driver = $ENV{PGMOON_DIR};
			return qq{lua_package_path "$_[0]/?.lua;$driver/?.lua;$driver/?/init.lua;;";};
		},
		location => sub {
			return "set \$database_socket $_[2]{folder}/.s.PGSQL.5432;"
			    . ' content_by_lua_block { require("callback").serve() }';
		} },
);

sub peers_here    { return grep { defined $_->{needs}->() } @peers }
sub missing_peers { return map { Bench::Line::title($_) } grep { !defined $_->{needs}->() } @peers }

# Of what the peers run in.
sub versions {
	my @said = map { my ($program) = @$_; $program ? `@$_ 2>&1` =~ /(\d+[.\d]+)/ : 'none' } [ program('php-fpm[0-9]*'), '-v' ],
	    [ program('node'), '--version' ], [ program('python3'), '--version' ];
	return sprintf 'PHP %s, Node %s, Python %s', @said;
}

# --- a peer's service ----------------------------------------------------------------------------------------------

sub php_command {
	my ($stacks, $socket) = @_;
	my %settings = (zend_extension => 'opcache.so', extension => 'pgsql.so', 'opcache.validate_timestamps' => 0,
		variables_order => 'S', display_errors => 0);
	my $file = write_file("$socket.conf", <<"END");
[global]
error_log = $socket.log
daemonize = no
[www]
user = www-data
listen = $socket
listen.mode = 0666
listen.backlog = 4096
pm = static
pm.max_children = 16
clear_env = no
END
	return (program('php-fpm[0-9]*'), '-n', map({ ('-d', "$_=$settings{$_}") } sort keys %settings), '-y', $file);
}

sub install_node_packages {
	my ($stacks) = @_;
	run_command('npm', 'ci', '--prefix', $stacks, '--no-audit', '--no-fund', '--silent') if !-d "$stacks/node_modules";
	return;
}

# Where the web server's user may read them, and packages may be installed beside them.
sub stacks {
	my $folder = folder() . '/stacks';
	return $folder if -d $folder;
	mkdir $folder or die "$folder: $!";
	for my $file (glob source() . '/bench/stacks/*') {
		copy($file, $folder) or die "$file: $!";
	}
	return $folder;
}

sub start_application {
	my ($postgres, $peer, $socket) = @_;
	my %environment = (PGHOST => $postgres->{folder}, PGUSER => 'postgres', PGDATABASE => 'callresult',
		NODE_ENV => 'production', PYTHONDONTWRITEBYTECODE => 1);
	my $pid = spawn([$peer->{command}->(stacks(), $socket)], log => "$socket.log", env => \%environment);
	wait_for(sub { IO::Socket::UNIX->new($socket) })
	    or die Bench::Line::title($peer), " does not start:\n", read_file("$socket.log");
	return $pid;
}

my $count = 0;

# The shipped configuration is there too, and its upstream leads to the peer's socket.
sub start_peer {
	my ($postgres, $peer) = @_;
	my $socket = folder() . '/peer' . ++$count;
	$peer->{install}->(stacks()) if $peer->{install};
	my $pid = $peer->{command} && start_application($postgres, $peer, $socket);
	my ($main, $http, $location) = map { $peer->{$_} ? $peer->{$_}->(stacks(), $socket, $postgres) : '' }
	    qw(main http location);
	my $port = free_port();
	my $nginx = start_nginx(worker => { listen => "unix:$socket" }, main => $main, port => $port, server => <<"END");
	$http
	server {
		listen 127.0.0.1:$port;
		location /callresult/ {
			client_max_body_size 16m;
			client_body_buffer_size 256k;
			access_log callresult.log callresult;
			$location
		}
	}
END
	return bless { nginx => $nginx, pid => $pid }, __PACKAGE__;
}

sub parts {
	my ($service, $postgres) = @_;
	return (nginx => $service->{nginx}{pid}, $service->{pid} ? (worker => $service->{pid}) : (),
		PostgreSQL => $postgres->postmaster);
}

sub stop {
	my ($service) = @_;
	$service->{nginx}->stop;
	stop_process($service->{pid}) if $service->{pid};
	return;
}

# --- lines ---------------------------------------------------------------------------------------------------------

# What wrk has left behind at its end is stored, or given up.
sub await_quiet {
	my ($postgres) = @_;
	wait_for(sub { return $postgres->sql("select count(*) from pg_stat_activity where datname = 'callresult'
		and backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()") == 0 }, 60)
	    or die "the database does not come to rest\n";
	return;
}

# The reports count what the tables hold.
sub check_reports {
	my ($postgres) = @_;
	my $wrong = $postgres->sql('select count(*) from callresult.check_tally()');
	die "the tally is wrong in $wrong places\n" if $wrong != 0;
	return;
}

my %proven;

# Gives the code that runs a contender, which $start starts.  Whoever has not been proven is, before the load.
sub measured {
	my ($postgres, $title, $table, $start) = @_;
	return sub {
		my ($load) = @_;
		my $service = $start->();
		my $url = $service->{nginx}{url};
		empty_tables($postgres);
		prove($postgres, $title, $url, $table) if !$proven{$title}++;
		send_pushes($url, { %$load, seconds => $warm_up }, new_run(), {});
		await_quiet($postgres);
		empty_tables($postgres);
		my $run = new_run();
		my $figures = send_pushes($url, $load, $run, { $service->parts($postgres) });
		await_quiet($postgres);
		check_stored($postgres, $run, $figures, $load, $table);
		check_reports($postgres);
		$service->stop;
		return $figures;
	};
}

sub line_names { return qw(one-1 one-64 hundred-16) }

sub make_line {
	my ($postgres, $name) = @_;
	my $load = $loads{$name} // die "no such line: $name\n";
	my $ours = sub { return start_callresultd($postgres) };
	my @contenders = ({ name => 'callresultd', load => $load,
		run => measured($postgres, 'callresultd', 'callresult.call_result', $ours) });
	for my $peer (peers_here()) {
		my $start = sub { return start_peer($postgres, $peer) };
		push @contenders, { name => $peer->{name}, variant => $peer->{variant}, load => $load,
			run => measured($postgres, Bench::Line::title($peer), 'public.peer_result', $start) };
	}
	return Bench::Line->new($name, @contenders, front_ends($load, $name eq 'one-64'));
}

# The fastest peer of a round.
sub best_peer {
	my ($figures) = @_;
	my %is_peer = map { $_->{name} => 1 } @peers;
	return (sort { rate($b) <=> rate($a) } map { $figures->{$_} } grep { $is_peer{$_} } keys %$figures)[0];
}

sub against_best_peer { my ($figures) = @_; return rate($figures->{callresultd}) / rate(best_peer($figures)) }

our @ratios = (
	{ line => 'one-1', text => 'pushes/s against the best peer', at_least => 0.75, code => \&against_best_peer },
	{ line => 'one-64', text => 'pushes/s against the best peer', at_least => 2.2, code => \&against_best_peer },
	{ line => 'one-64', text => 'pushes/s against the front end', at_least => 0.65,
		code => sub { rate($_[0]{callresultd}) / rate($_[0]{'front end'}) } },
	{ line => 'one-64', text => 'answer time: p99 against p50', at_most => 3,
		code => sub { $_[0]{callresultd}{p99} / $_[0]{callresultd}{p50} } },
	{ line => 'one-64', text => 'answer time: p99 against p50, of the best peer',
		code => sub { my $peer = best_peer($_[0]); return $peer->{p99} / $peer->{p50} } },
	{ line => 'hundred-16', text => 'records/s against the best peer', at_least => 1.25, code => \&against_best_peer },
	{ line => 'hundred-16', text => 'answer time: p99 against the best peer\'s', at_most => 1,
		code => sub { $_[0]{callresultd}{p99} / best_peer($_[0])->{p99} } },
);

1;
