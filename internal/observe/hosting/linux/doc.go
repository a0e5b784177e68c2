// SPDX-License-Identifier: Apache-2.0

// Package linux says how Linux hosts stand, by what node_exporter tells of them.
//
// A Source makes the probe of a host, whose successes carry *Facts: one answer
// serves all Applications that run there. A Reader says what such an answer
// means to one of them, with its own units and limits; it belongs into
// observe.Check.Read. What it returns has a hosting.System as Facts.
//
// # Units
//
// A required unit that is not in its state makes the host Down. A unit that
// should be active has to be just that. One that should be inactive may also be
// activating or deactivating, as a oneshot unit is while it does its work; and
// it need not be told, since systemd forgets units that are inactive and that
// nothing refers to. A unit in a state that node_exporter does not name, such as
// reloading, is Unknown, and so are all units if the collector is off
// (--collector.systemd) or failed, and those of a kind (automount, device,
// mount, scope, slice) that node_exporter leaves out unless it is told otherwise
// (--collector.systemd.unit-exclude).
//
// # Filesystems
//
// Judged are those that hold data. Left out are kinds that the kernel or a
// container runtime makes up (proc, sysfs, overlay, ramfs, autofs, fuse.lxcfs …),
// kinds that are full by nature (squashfs, iso9660 …), everything at or below
// /proc, /sys, /dev and /run, and what is mounted below the directories of
// container runtimes (/var/lib/docker, /var/lib/kubelet …). A tmpfs elsewhere
// counts. A device that is mounted several times is judged once, at its shortest
// mount point.
//
// How full one is counts the blocks that are reserved for root as used, in whole
// per cents, rounded up as df does; what is mounted read-only cannot fill up. A
// filesystem is told as read-only, whatever limits are declared, if it is of a
// kind that is usually written (ext4, xfs, btrfs …), if none of its mounts can be
// written, and if it is not at or below /boot, /efi or /usr, which some mount so
// on purpose.
//
// # Updates
//
// Pending updates and a required reboot come from apt_info.py (Debian's package
// prometheus-node-exporter-collectors) through a textfile. Security updates are
// those of an origin that has "security" in its name. If the textfile was not
// written for MaxTextfileAge, both are Unknown; if the package lists are older
// than MaxListAge, the updates are, unless there are too many even so. The
// textfile is the one with "apt" in its name, else the newest.
//
// Since when a reboot is required is not told. It counts from the earliest of
// when this process first saw it required, and when a textfile with "reboot" in
// its name was written after the last boot. Only such a file, written once when
// the reboot becomes required, survives a restart of the operator:
//
//	[Path]
//	PathExists=/run/reboot-required
//
// in a systemd path unit whose service writes any metric to
// reboot_required.prom.
//
// # Clock
//
// The clock is judged if maxClockOffset is declared: it has to be synchronised
// (node_timex_sync_status), and its offset within the limit.
package linux
