# Scripts below /cgi-bin/ and /htbin/ through CGIBin, which executes each; files elsewhere. As root it becomes {user}.
use Plack::Builder;
use Plack::App::CGIBin;
use Plack::App::Directory;
use POSIX qw(setgid setuid);

if ($> == 0) {
    my (undef, undef, $uid, $gid) = getpwnam("{user}");
    $) = "$gid $gid";
    setgid($gid);
    setuid($uid);
}
my %of = map { $_ => Plack::App::CGIBin->new(root => "{root}/$_", exec_cb => sub { 1 })->to_app } qw(cgi-bin htbin);
builder {
    mount "/$_" => $of{$_} for keys %of;
    mount "/" => Plack::App::Directory->new(root => "{root}")->to_app;
};
