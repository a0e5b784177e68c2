// SPDX-License-Identifier: Apache-2.0

// Package windows says how Windows hosts stand, by what windows_exporter tells of
// them.
//
// A Source makes the probe of a host, whose successes carry *Facts: one answer
// serves all Applications that run there. A Reader says what such an answer
// means to one of them, with its own services and limits; it belongs into
// observe.Check.Read. What it returns has a hosting.System as Facts.
//
// # Services
//
// A required service that is not in its state makes the host Down; names are
// compared without regard to case, as Windows does. One that should be stopped
// need not exist. All are Unknown if the collector service is off or failed.
//
// # Volumes
//
// Judged are volumes with a drive letter or a path; those called HarddiskVolume2
// and the like belong to the system. Left out are CD-ROMs and what is mounted
// read-only, which are full by nature or cannot fill up. Whole per cents are
// rounded up.
//
// # Clock
//
// The clock is judged if maxClockOffset is declared, by the collector time, which
// has to be switched on. Its source of time must not be "Local CMOS Clock" or
// "NoSync", if that is told, and its offset within the limit. While the Windows
// Time service (w32time) does not run, the offset reads 0 whatever the clock
// shows: then it is Unknown.
package windows
