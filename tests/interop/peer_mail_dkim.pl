#!/usr/bin/perl
# Mail::DKIM as a peer: a worker that speaks what worker.py describes.
use strict;
use warnings;

BEGIN {
	eval {
		require Mail::DKIM;
		require Mail::DKIM::PrivateKey;
		require Mail::DKIM::Signer;
		require Mail::DKIM::Verifier;
		require Mail::DKIM::DNS;
		require Mail::DKIM::ARC::Signer;
		require Mail::DKIM::ARC::Verifier;
		require Net::DNS;
		1;
	} or do { print STDERR "libmail-dkim-perl is not installed\n"; exit 1 };
}

# Answers from the file of keys, in the place of Net::DNS::Resolver.
package Keys {
	sub new { my ($class, $keys) = @_; return bless { keys => $keys }, $class }

	sub send {
		my ($self, $name, $type) = @_;
		my $packet = Net::DNS::Packet->new($name, $type);
		my $text = $self->{keys}{$name};
		$packet->header->rcode(defined $text ? 'NOERROR' : 'NXDOMAIN');
		$packet->push(answer => Net::DNS::RR->new(name => $name, type => 'TXT', ttl => 60,
			txtdata => [ unpack '(a255)*', $text ])) if defined $text;
		return $packet;
	}

	sub errorstring { return 'NOERROR' }
}

package main;

sub slurp {
	my ($path) = @_;
	open(my $f, '<:raw', $path) or die "$path: $!\n";
	local $/;
	return scalar <$f>;
}

sub say_line { print join("\t", map { s/\s+/ /gr } @_), "\n" }

my $has_ed25519 = eval { require Mail::DKIM::Algorithm::ed25519_sha256; 1 };

sub sign {
	my ($text, $canon, $algorithm, $domain, $selector, $key, $options) = @_;
	my %option = map { split /=/, $_, 2 } split /,/, $options // '';
	my $now = time + ($option{t} // 0);
	my $signer = Mail::DKIM::Signer->new(
		Algorithm => $algorithm,
		Method => $canon,
		Domain => $domain,
		Selector => $selector,
		Timestamp => $now,
		defined $option{x} ? (Expiration => $now + $option{x}) : (),
		defined $option{i} ? (Identity => $option{i}) : (),
		Key => Mail::DKIM::PrivateKey->load(File => $key, Type => $algorithm =~ s/-.*//r));
	$signer->PRINT($text);
	$signer->CLOSE;
	return $signer->signature->as_string . "\r\n" . $text;
}

sub verify {
	my ($text) = @_;
	my $verifier = Mail::DKIM::Verifier->new;
	$verifier->PRINT($text);
	$verifier->CLOSE;
	return $verifier->result eq 'pass' ? ('pass', '') : ('fail', $verifier->result_detail);
}

# Results and cv= come from an Authentication-Results field with the own id, which then goes.
sub seal {
	my ($text, $domain, $selector, $key, $cv, $results) = @_;
	my ($srv_id, $rest) = split /;/, $results, 2;
	my $signer = Mail::DKIM::ARC::Signer->new(
		Algorithm => 'rsa-sha256',
		Chain => $cv,
		Domain => $domain,
		SrvId => $srv_id,
		Selector => $selector,
		Key => Mail::DKIM::PrivateKey->load(File => $key, Type => 'rsa'));
	$signer->PRINT("Authentication-Results: $srv_id;$rest\r\n" . $text);
	$signer->CLOSE;
	my @fields = $signer->as_strings;
	die 'no set was made: ' . ($signer->{details} // '') . "\n" unless @fields == 3;
	return join('', map { s/\r?\n(?=[ \t])/\r\n/gr . "\r\n" } @fields) . $text;
}

sub chain {
	my ($text) = @_;
	my $verifier = Mail::DKIM::ARC::Verifier->new;
	$verifier->PRINT($text);
	$verifier->CLOSE;
	return ($verifier->result, $verifier->result_detail // '');
}

sub answer {
	my ($what, $message, $out, @rest) = @_;
	my $text = slurp($message);
	return verify($text) if $what eq 'verify';
	return chain($text) if $what eq 'chain';
	my $signed = $what eq 'seal' ? seal($text, @rest) : sign($text, @rest);
	open(my $f, '>:raw', $out) or die "$out: $!\n";
	print $f $signed;
	close $f or die "$out: $!\n";
	return ('signed', '');
}

my %keys = map { chomp; split / /, $_, 2 } split /(?<=\n)/, slurp($ARGV[0]);
Mail::DKIM::DNS::resolver(Keys->new(\%keys));
$| = 1;
say_line('peer', "Mail::DKIM $Mail::DKIM::VERSION");
if (!$has_ed25519) {
	say_line('cannot', $_, 'ed25519', "Mail::DKIM $Mail::DKIM::VERSION has no ed25519-sha256")
		for qw(sign verify);
}
say_line('ready');
while (my $line = <STDIN>) {
	chomp $line;
	my @answer = eval { answer(split /\t/, $line, -1) };
	say_line($@ ? ('error', $@) : @answer);
}
