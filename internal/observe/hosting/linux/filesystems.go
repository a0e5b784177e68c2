// SPDX-License-Identifier: Apache-2.0

package linux

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"kdz.mainz.de/operator/internal/observe/hosting/exporter"
)

// Filesystem is a filesystem that is mounted on a host.
type Filesystem struct {
	// MountPoint at which it is judged.
	MountPoint string
	// Device that it lies on, and its type, such as ext4.
	Device, Type string
	// Size of it, and how much of that is there for all who are not root, in
	// bytes: finite, not negative, Avail at most Size. Both are zero if they were
	// not told, or make no sense.
	Size, Avail float64
	// ReadOnly: none of its mounts can be written.
	ReadOnly bool
}

// Kinds of filesystems.
var (
	// notJudged are made up by the kernel or a container runtime, or full by
	// nature.
	notJudged = setOf("aufs autofs bdev binfmt_misc bpf cgroup cgroup2 composefs configfs cpuset cramfs debugfs devpts " +
		"devtmpfs efivarfs erofs fuse.gvfsd-fuse fuse.lxcfs fuse.portal fuse.snapfuse fusectl hugetlbfs iso9660 mqueue " +
		"nsfs overlay proc procfs pstore ramfs rootfs rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs udf")
	usuallyWritten = setOf("bcachefs btrfs ext2 ext3 ext4 f2fs jfs nilfs2 reiserfs xfs zfs")
)

// Mount points.
var (
	// systemMounts and all below them are not judged.
	systemMounts = []string{"/proc", "/sys", "/dev", "/run"}
	// runtimeMounts have below them what container runtimes mount. They are
	// judged themselves.
	runtimeMounts = []string{"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/snap", "/var/snap"}
	// quietMounts and all below them are often read-only on purpose.
	quietMounts = []string{"/boot", "/efi", "/usr"}
)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// judged reports whether a mounted filesystem is one of those that hold data.
func judged(mountPoint, kind string) bool {
	return !notJudged[kind] && !atOrBelow(mountPoint, systemMounts) &&
		!slices.ContainsFunc(runtimeMounts, func(dir string) bool { return strings.HasPrefix(mountPoint, dir+"/") })
}

func atOrBelow(mountPoint string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		return mountPoint == dir || strings.HasPrefix(mountPoint, dir+"/")
	})
}

// shouldBeWritable reports whether it is a fault that it is read-only.
func (f *Filesystem) shouldBeWritable() bool {
	return usuallyWritten[f.Type] && !atOrBelow(f.MountPoint, quietMounts)
}

// usedPercent returns how full it is, in whole per cents, rounded up.
func (f *Filesystem) usedPercent() int {
	if f.Size == 0 {
		return 0
	}
	return int(math.Ceil((f.Size - f.Avail) / f.Size * 100))
}

type mount struct{ device, kind, point string }

func (f *Facts) readFilesystems(m exporter.Metrics) error {
	f.HasFilesystems = m.Has(familySize)
	mounts := map[mount]*Filesystem{}
	each := func(family string, take func(*Filesystem, float64)) error {
		return m.Each(family, func(s exporter.Sample) error {
			key := mount{s.Label("device"), s.Label("fstype"), s.Label("mountpoint")}
			if !judged(key.point, key.kind) {
				return nil
			}
			if s.Value < 0 {
				return fmt.Errorf("tells %s of %s as %v", family, key.point, s.Value)
			}
			if mounts[key] == nil {
				mounts[key] = &Filesystem{MountPoint: key.point, Device: key.device, Type: key.kind}
			}
			take(mounts[key], s.Value)
			return nil
		})
	}
	for family, take := range map[string]func(*Filesystem, float64){
		familySize:     func(f *Filesystem, v float64) { f.Size = v },
		familyAvail:    func(f *Filesystem, v float64) { f.Avail = v },
		familyReadOnly: func(f *Filesystem, v float64) { f.ReadOnly = v == 1 },
	} {
		if err := each(family, take); err != nil {
			return err
		}
	}
	for _, fs := range mounts {
		if fs.Avail > fs.Size {
			fs.Size, fs.Avail = 0, 0 // some of the network do not know
		}
	}
	f.Filesystems = byDevice(mounts)
	return nil
}

// byDevice makes one of what is mounted several times.
func byDevice(mounts map[mount]*Filesystem) []Filesystem {
	sorted := slices.SortedFunc(maps.Values(mounts), func(a, b *Filesystem) int {
		return cmp.Or(cmp.Compare(len(a.MountPoint), len(b.MountPoint)), strings.Compare(a.MountPoint, b.MountPoint),
			strings.Compare(a.Device, b.Device), strings.Compare(a.Type, b.Type))
	})
	var out []Filesystem
	seen := map[mount]int{}
	for _, fs := range sorted {
		key := mount{fs.Device, fs.Type, ""}
		if !strings.HasPrefix(fs.Device, "/") && !strings.Contains(fs.Device, ":/") && fs.Type != "zfs" {
			key.point = fs.MountPoint // the device is but a word, such as tmpfs
		}
		if i, ok := seen[key]; ok {
			out[i].ReadOnly = out[i].ReadOnly && fs.ReadOnly
			continue
		}
		seen[key] = len(out)
		out = append(out, *fs)
	}
	return out
}
