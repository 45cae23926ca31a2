# Sends ICMP echo requests to the addresses that it is given, and prints those that answer. Needs root: an app has no such socket.
use strict;
use warnings;
use Socket qw(AF_INET AF_INET6 SOCK_RAW inet_ntop inet_pton pack_sockaddr_in pack_sockaddr_in6 unpack_sockaddr_in
    unpack_sockaddr_in6);
use Time::HiRes qw(time);

my ($rounds, $pause) = (5, 0.3);
my $id = $$ & 0xffff;
socket(my $old, AF_INET, SOCK_RAW, 1) or die "no socket for ICMP: $!\n";
socket(my $new, AF_INET6, SOCK_RAW, 58) or die "no socket for ICMPv6: $!\n";

# RFC 1071.
sub checksum {
    my $sum = 0;
    $sum += $_ for unpack 'n*', shift;
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub request {
    my ($type, $round) = @_;
    my $packet = sub { pack 'CCnnna*', $type, 0, shift, $id, $round, 'berth' x 4 };
    return $packet->(checksum($packet->(0)));
}

my %answered;
for my $round (1 .. $rounds) {
    for my $address (@ARGV) {
        # Of ICMPv6 the kernel makes the checksum. What cannot be sent is not answered.
        if ($address =~ /:/) {
            send $new, request(128, $round), 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, $address));
        } else {
            send $old, request(8, $round), 0, pack_sockaddr_in(0, inet_pton(AF_INET, $address));
        }
    }
    my $end = time + $pause;
    while ((my $left = $end - time) > 0) {
        my $ready = '';
        vec($ready, fileno $_, 1) = 1 for $old, $new;
        last unless select($ready, undef, undef, $left) > 0;
        if (vec $ready, fileno $old, 1) {
            my $from = recv $old, my $data, 2048, 0;
            my ($type, $their) = unpack 'Cx3n', substr $data, (ord($data) & 15) * 4;
            $answered{inet_ntop(AF_INET, (unpack_sockaddr_in $from)[1])} = 1 if $type == 0 && $their == $id;
        }
        if (vec $ready, fileno $new, 1) {
            my $from = recv $new, my $data, 2048, 0;
            my ($type, $their) = unpack 'Cx3n', $data;
            $answered{inet_ntop(AF_INET6, (unpack_sockaddr_in6 $from)[1])} = 1 if $type == 129 && $their == $id;
        }
    }
}
print map { "$_\n" } grep { $answered{$_} } @ARGV;
