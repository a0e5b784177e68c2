// SPDX-License-Identifier: Apache-2.0

// Package backup has no code, only tests that follow backups from the objects
// of a real API server to the verdict, with definitions in testdata written
// after the public ones of each system.
package backup
