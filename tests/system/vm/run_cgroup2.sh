#!/bin/sh
# The sandbox's system tests on a host that this machine may not be: pure cgroup v2, another kernel. Boots a
# small virtual machine without KVM (one to three minutes) and runs them as root from a login session, rootless
# in a delegated scope, and rootless without delegation. By hand, not in CI:
#   run_cgroup2.sh BIN_DIR KERNEL_DIR
# KERNEL_DIR: an unpacked Debian linux-image-*-cloud-amd64 (apt-get download, dpkg-deb -x).
# Needs qemu-system-x86, busybox-static, cpio, e2fsprogs and util-linux.
set -eu
bin=$1 kernel=$2
work=$(mktemp -d /tmp/meridian-vm.XXXXXX)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/bin" "$root/sbin" "$root/etc" "$root/t/task" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" \
    "$root/var/tmp" "$root/newroot" "$root/usr"

cp "$(command -v busybox)" "$root/bin/busybox"
for applet in sh mount mkdir ls cat echo poweroff insmod switch_root cp chmod chown grep; do
    ln -s busybox "$root/bin/$applet"
done
cp "$bin/meridian-jailer" "$bin/meridian_sandbox_test" "$root/t/"
cp "$bin/meridian-attacker" "$root/t/task/bootstrap"
cp /sbin/mke2fs "$root/sbin/"
cp /usr/bin/setpriv "$root/t/"
cp /etc/mke2fs.conf "$root/etc/"
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' > "$root/etc/passwd"
for program in "$bin/meridian_sandbox_test" /sbin/mke2fs /usr/bin/setpriv; do
    ldd "$program" | grep -o '/[^ ]*\.so[^ ]*'
done | sort -u | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
cp "$(find "$kernel" -name 'loop.ko')" "$root/t/loop.ko"
chmod 755 "$root" "$root/t" "$root/t/task"

# pivot_root() cannot leave the initial ramfs: go to a tmpfs first.
cat > "$root/init" <<'INIT'
#!/bin/sh
mount -t tmpfs -o size=700m,mode=755 none /newroot
for d in bin sbin lib lib64 etc t tmp var usr run.sh; do [ -e /$d ] && cp -a /$d /newroot/; done
mkdir -p /newroot/proc /newroot/sys /newroot/dev
exec switch_root /newroot /run.sh
INIT
cat > "$root/run.sh" <<'RUN'
#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm; mount -t cgroup2 -o nsdelegate none /sys/fs/cgroup
insmod /t/loop.ko
mkdir /tmp/s; chmod 1777 /tmp /var/tmp /tmp/s; cd /tmp/s
export MERIDIAN_TEST_TASK=/t/task MERIDIAN_TEST_SCRATCH=/tmp/s TMPDIR=/tmp/s
tests='/t/meridian_sandbox_test --gtest_filter=*Real*:Attack*'
rootless='/t/setpriv --reuid 65534 --regid 65534 --clear-groups /t/meridian-jailer --'
mkdir /sys/fs/cgroup/session.scope; echo $$ > /sys/fs/cgroup/session.scope/cgroup.procs
echo "=== root"
/t/meridian-jailer --user 65534:65534 -- $tests && echo "=== root held"
mkdir /sys/fs/cgroup/user.scope; chown -R 65534:65534 /sys/fs/cgroup/user.scope
echo "=== delegated"
sh -c "echo \$\$ > /sys/fs/cgroup/user.scope/cgroup.procs; exec $rootless $tests" && echo "=== delegated held"
echo "=== rootless"
$rootless $tests && echo "=== rootless held"
poweroff -f
RUN
chmod +x "$root/init" "$root/run.sh"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$work/initrd.gz"
timeout 900 qemu-system-x86_64 -M pc -cpu qemu64 -accel tcg -m 1400 -smp 2 -nographic -no-reboot \
    -kernel "$(find "$kernel/boot" -name 'vmlinuz-*')" -initrd "$work/initrd.gz" \
    -append "console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off" | tee "$work/log" | grep -a -v EXT4
[ "$(grep -a -c '^=== .* held' "$work/log")" = 3 ]
