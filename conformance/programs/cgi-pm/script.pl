#!/usr/bin/env -S {program} -T
# Does what typical scripts of the 1990s did. The path-info chooses the action.
use strict;
use warnings;
use CGI;
use Digest::SHA;

my $request = CGI->new;
my ($action) = $request->path_info =~ m{^/(\w+)} or die 'no action';
if ($action eq 'created') {
    print $request->header(-type => 'text/plain', -status => '201 Created', -location => $request->url . '/thing');
    print "created\n";
} elsif ($action eq 'cookies') {
    my @set = map { $request->cookie(-name => $_->[0], -value => $_->[1]) } (['first', '1'], ['second', 'two']);
    print $request->header(-type => 'text/plain', -cookie => \@set);
    print "$_ ", scalar $request->cookie($_), "\n" for grep { defined $request->cookie($_) } 'first', 'second';
} elsif ($action eq 'self') {
    print $request->header(-type => 'text/plain'), $request->self_url, "\n";
} elsif ($action eq 'upload') {
    my $sum = Digest::SHA->new(256)->addfile($request->upload('file')->handle, 'b')->hexdigest;
    print $request->header(-type => 'text/plain'), 'note ', scalar $request->param('note'), "\n$sum\n";
}
