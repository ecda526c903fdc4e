#!/usr/bin/perl
# Reads aggregate reports as Mail::DMARC does; prints "FILE DOMAIN COUNT ..." with the count of each record.
use strict;
use warnings;
use Mail::DMARC::Report::Receive;

foreach my $path (@ARGV) {
    local $/;
    open my $file, '<', $path or die "$path: $!";
    my $receive = Mail::DMARC::Report::Receive->new;
    my $dom = XML::LibXML->load_xml(string => <$file>);
    $receive->do_node_report_metadata($_) for $dom->findnodes('/feedback/report_metadata');
    $receive->do_node_policy_published($_) for $dom->findnodes('/feedback/policy_published');
    $receive->do_node_record($_) for $dom->findnodes('/feedback/record');
    my $aggregate = $receive->report->aggregate;
    print join(' ', $aggregate->policy_published->domain, map { $_->row->count } @{ $aggregate->record }), "\n";
}
