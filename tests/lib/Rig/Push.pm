# Records and pushes as the platform makes them, and how HTTP carries them.
package Rig::Push;

use strict;
use warnings;
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP;
use Rig qw(source read_file);

our @EXPORT_OK = qw(record body post get fields $success $example);

our $success = '{"retCode":"0","retMsg":"success"}';

# The example of the interface's documentation.
our $example = <<'END';
[
    {
        "campaignId": "3",
        "sessionId": "1202_test013",
        "called": "60584",
        "callTimeStr": "2020-08-30 20:00:00",
        "callStatus": 6,
        "failCode": "0",
        "vdnId": 11,
        "callId": "0023-134864174",
        "recordPath": "Y:/1/11/20200830/3408/0949218.V3"
    }
]
END

my $json = JSON::PP->new->canonical;
my $http = HTTP::Tiny->new(timeout => 30);

# The example's record with other values; undef leaves a field out.
sub record {
	my (%other) = @_;
	my %record = (%{ $json->decode($example)->[0] }, %other);
	return { map { defined $record{$_} ? ($_ => $record{$_}) : () } keys %record };
}

sub body { return $json->encode([@_]) }

# The fields of a record, by the worker's own list: name, column, kind, limit and part of each.
sub fields {
	my @rows = read_file(source() . '/src/push/fields.def') =~
	    /^FIELD\(\w+,\s*"(\w+)",\s*(\w+),\s*(\w+),\s*(\d+),\s*(\w+)\)$/mg;
	return map { my %row; @row{qw(name column kind limit part)} = splice @rows, 0, 5; \%row } 1 .. @rows / 5;
}

sub post {
	my ($url, $body, %headers) = @_;
	return $http->request('POST', $url, { content => $body, headers => { %headers } });
}

sub get { return $http->request('GET', $_[0]) }

1;
