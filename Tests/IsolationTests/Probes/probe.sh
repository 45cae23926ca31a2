# Looks around in a container and prints what it finds: lines `probe name=value`.
say() { printf 'probe %s=%s\n' "$1" "$(printf %s "$2" | tr '\n' ' ')"; }
marker=$(printf 'neighbours%s' -own-)

say capabilities "$(sed -n 's/^Cap...:[[:space:]]*//p' /proc/self/status | sort -u)"
say new-privileges "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)"
say seccomp "$(sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)"
say user "$(id -u)"
say groups "$(id -g) $(id -G)"
for name in cgroup ipc mnt net pid uts; do say "namespace-$name" "$(readlink /proc/self/ns/$name)"; done
say programs "$(cat /proc/[0-9]*/comm 2>/dev/null | sort -u)"
say descriptors "$(ls /proc/1/fd)"
say descriptor-kinds "$(for file in /proc/1/fd/*; do readlink "$file" | cut -d: -f1; done | sort -u)"
say variables "$(tr '\0' '\n' </proc/1/environ | cut -d= -f1 | sort)"
say foreign-variables "$(cat /proc/[0-9]*/environ | grep -c "$marker")"
say root "$(ls /)"
say hidden "$(ls -A /home /root /run /opt /srv /mnt /media /boot /var/lib /var/log /var/cache 2>/dev/null | grep -v -e ':$' -e '^$')"
say devices "$(ls /dev)"
say kernel "$(find /sys -maxdepth 2 | sort)"
say paths "$(while read -r path; do if [ -e "$path" ]; then echo "$path"; fi; done <paths)"
say written "$(for file in /x /etc/x /etc/passwd /usr/x /usr/bin/x /bin/x /app/x /run/x /var/lib/x /opt/x /home/x \
    /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity \
    /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /dev/x /tmp/x /dev/shm/x; do
    if (echo 1 >>"$file") 2>/dev/null; then echo "$file"; fi
done)"
rm -f /app/x
say masked "$(for name in acpi/wakeup cmdline interrupts kallsyms kcore keys key-users modules sched_debug swaps timer_list; do
    size=$(head -c 64 "/proc/$name" 2>/dev/null | wc -c)
    if [ "$size" -gt 0 ]; then echo "$name"; fi
done)"
say groups-seen "$(cut -d: -f3 /proc/self/cgroup | sort -u)"
say root-shell "$(su -c id root </dev/null 2>&1; sudo -n id 2>&1; /app/setuid; stat -c %a /app/setuid 2>/dev/null)"
say device "$(mknod /tmp/device c 1 3 2>&1 && echo made)"
say priority "$(nice -n -5 true 2>&1 | grep -c .) $( (echo -1000 >/proc/self/oom_score_adj) 2>&1 | grep -c .)"
say sacrifice "$(cat /proc/self/oom_score_adj)"
say open-files "$(ulimit -Hn)"
say core-size "$(ulimit -Hc)"
say swap-limit "$(cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes /sys/fs/cgroup/memory.swap.max 2>/dev/null)"
say memory-limit "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null)"
say temporary "$(stat -f -c '%b %S %c' /tmp)"
say abstract-sockets "$(grep -c ' @' /proc/net/unix)"
say interfaces "$(ls /proc/sys/net/ipv4/conf | grep -v -e all -e default)"
perl calls.pl
node connect.js
say database-own "$(psql -w "$DATABASE_URL" -tAc 'select 1' 2>&1)"
say database-superuser "$(psql -w "postgresql://postgres@$DATABASE_HOST/postgres" -tAc 'select 1' 2>&1 | grep -c '^1$')"
say database-others "$(psql -w "${DATABASE_URL%/*}/postgres" -tAc 'select 1' 2>&1 | grep -c '^1$')"
