#!/usr/bin/perl
# Mail::AuthenticationResults reads fields, as peer_authres.py does.
use strict;
use warnings;
use JSON::PP;

BEGIN {
	eval { require Mail::AuthenticationResults::Parser; 1 }
		or do { print STDERR "libmail-authenticationresults-perl is not installed\n"; exit 1 };
}

sub read_field {
	my ($value) = @_;
	my $field = eval { Mail::AuthenticationResults::Parser->new->parse($value) };
	return { error => "$@" } if !$field;
	my @results;
	for my $entry (grep { ref =~ /::Entry$/ } @{ $field->children }) {
		my %property = map { $_->key => $_->value } grep { ref =~ /::SubEntry$/ } @{ $entry->children };
		delete $property{reason};
		push @results, [ $entry->key, $entry->value, \%property ];
	}
	return { id => $field->value->value, results => \@results };
}

local $/;
my $json = JSON::PP->new->utf8;
print $json->encode({ version => "Mail::AuthenticationResults $Mail::AuthenticationResults::Parser::VERSION",
	fields => [ map { read_field($_) } @{ $json->decode(scalar <STDIN>) } ] });
