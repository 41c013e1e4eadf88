# A real Apache in front of a worker, from the files that are shipped: only paths and ports are other ones.
package Rig::Apache;

use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use Rig qw(folder source spawn stop_process wait_for free_port read_file write_file);

my $count = 0;

my @always = qw(mpm_event authz_core authz_host headers alias log_config env remoteip);
my %modules = (
	'proxy-fcgi' => [qw(proxy proxy_fcgi)],
	fcgid        => [qw(fcgid)],
	cgi          => [qw(cgid)],
);

# log_config, and others some day, may be built in
sub load {
	my ($name) = @_;
	my $file = "/usr/lib/apache2/modules/mod_$name.so";
	return -e $file ? "LoadModule ${name}_module $file\n" : '';
}

sub shipped {
	my ($self, $name, $worker) = @_;
	my $text = read_file(source() . "/apache/callresult-$name.conf");
	# the log of the virtual host, as its head has it
	($self->{custom_log}) = $text =~ /^#   (CustomLog .*)/m;
	my ($socket) = $worker->{listen} =~ /^unix:(.*)/;
	$text =~ s{/run/callresultd/callresultd\.sock}{$socket};
	$text =~ s{/etc/callresultd/callresultd\.conf}{$worker->{config}};
	$text =~ s{/usr/sbin}{$self->{folder}/bin}g;
	return write_file("$self->{folder}/callresult.conf", $text);
}

# The user Apache's processes run as must reach the binary, and make sockets of its own.
sub open_to_apache {
	my ($self, $worker) = @_;
	make_path("$self->{folder}/bin");
	copy($worker->binary, "$self->{folder}/bin/callresultd") or die "copy: $!";
	chmod 0755, "$self->{folder}/bin/callresultd";
	return if $> != 0;
	my ($uid, $gid) = (getpwnam 'www-data')[2, 3];
	chown $uid, $gid, $self->{folder};
	return;
}

# %with: worker => Rig::Worker (configured, and started only for proxy-fcgi); how => proxy-fcgi, fcgid or cgi
sub start_new {
	my ($class, %with) = @_;
	my $folder = folder() . '/apache' . ++$count;
	my $port = free_port();
	my $self = bless { folder => $folder, port => $port, url => "http://127.0.0.1:$port" }, $class;
	make_path($folder);
	$self->shipped($with{how}, $with{worker});
	$self->open_to_apache($with{worker});
	my $load = join '', map { load($_) } @always, @{ $modules{ $with{how} } };
	my $user = $> == 0 ? "User www-data\nGroup www-data" : '';
	my $private = $with{how} eq 'fcgid' ? "FcgidIPCDir $folder\nFcgidProcessTableFile $folder/table"
	    : $with{how} eq 'cgi' ? "ScriptSock $folder/cgid" : '';
	write_file("$folder/apache.conf", <<"END");
ServerRoot $folder
Define APACHE_LOG_DIR $folder
DefaultRuntimeDir $folder
ServerName localhost
Listen 127.0.0.1:$port
PidFile $folder/pid
ErrorLog $folder/error.log
$load
$user
$private
RemoteIPHeader X-Forwarded-For
LogFormat "%r" combined
Include $folder/callresult.conf
<VirtualHost 127.0.0.1:$port>
	$self->{custom_log}
</VirtualHost>
END
	$self->{pid} = spawn(['/usr/sbin/apache2', '-f', "$folder/apache.conf", '-D', 'FOREGROUND'],
		log => "$folder/start.log");
	wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") }) or
	    die "Apache does not start:\n", read_file("$folder/start.log"), read_file("$folder/error.log");
	return $self;
}

sub stop { return stop_process($_[0]{pid}, 'TERM') }
sub logs { return join '', map { read_file($_) } glob "$_[0]{folder}/*.log" }

1;
