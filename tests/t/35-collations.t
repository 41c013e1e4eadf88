#!/usr/bin/perl
# Databases that sort differently hold the same rows and say the same of them: identity is a matter of bytes.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Test::More;
use Rig::Postgres;
use Rig::Push qw(body $success);
use Rig::Worker;

# Names that some order or other takes for equal, or places differently.
my @names = ('1', '01', '001', '10', '2', 'a', 'A', 'á', "a\x{301}", 'ä', 'ae', 'z', 'Z', 'ß', 'ss', 'İ', 'i', 'ｉ',
	'a-b', 'ab', 'a b', '中', '文', "\x{1d56c}", "\x{2d800}");

sub pushes {
	my @records = map { my $name = $_; map { +{ campaignId => $name, called => $_, callStatus => 5,
	    failCode => '537',
		callTimeStr => '2026-11-02 09:00:00' } } @names } @names;
	my @changed = map { +{ %{ $records[ $_ * 7 ] }, callStatus => 6, failCode => '0',
	    customField => $names[ $_ % @names ] } } 0 .. 80;
	return map { encode('UTF-8', body(@$_)) } \@records, [@records[100 .. 400]], \@changed,
	    [reverse @changed[0 .. 40]], [@records[0 .. 30]];
}

my @views = qw(call_result call_result_revision calls campaign_summary campaign_daily campaign_hourly failure_breakdown
	redial_candidates invalid_numbers contacts platform_faults unlisted_codes);

# What a push alone determines, in an order of bytes.
sub content {
	my ($postgres, $view) = @_;
	return [split /\n/, $postgres->sql(qq{select line from (select (to_jsonb(v)
		- '{push_id,received_at,first_received_at,last_received_at,arrived_at,kept_at,superseded_by}'::text[])::text as line
		from callresult.$view v) l order by line collate "C"})];
}

sub filled {
	my ($order) = @_;
	my $postgres = Rig::Postgres->start_new(schema => 0);
	$postgres->sql('drop database callresult', 'postgres');
	$postgres->sql("create database callresult template template0 encoding 'UTF8' $order", 'postgres');
	$postgres->install;
	my $worker = Rig::Worker->start_new(postgres => $postgres)->wait_until_ready;
	is $worker->push_body($_)->{body}, $success, "$order: a push" for pushes();
	$worker->stop;
	return $postgres;
}

my $bytes = filled(q{locale 'C'});
for my $order (q{locale_provider icu icu_locale 'en-u-kn-true' locale 'C.UTF-8'},
	q{locale_provider icu icu_locale 'de-u-co-phonebk-ks-level1' locale 'C.UTF-8'}) {
	my $other = filled($order);
	is $other->sql('select count(*) from callresult.call_result'), @names**2, "$order: each identity once";
	is $other->sql('select count(*) from callresult.check_tally()'), 0, "$order: the tally is exact";
	is_deeply content($other, $_), content($bytes, $_), "$order: $_" for @views;
}
done_testing;
