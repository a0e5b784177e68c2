// SPDX-License-Identifier: Apache-2.0

// Package calendar says what time it is in terms of what was agreed: whether it
// is an hour of service, whether a maintenance window is open, when a day in
// Mainz or a period of account ends, when something of that kind changes next.
//
// Time that counts is in whole Unix seconds, from one to before another (Span),
// and of times that overlap no second counts twice (Spans). What was agreed is
// read once (NewHours, NewMaintenance) and then asked often; whatever cannot be
// used is refused there, with the field and what would be right.
//
// What was agreed is said in the time that the clocks of a zone show, and clocks
// are moved. So a beginning that they show twice is the first, an end the second,
// and a time that they are moved past is when they are moved: a shift of 22:00
// to 06:00 has 7 hours in one night of the year and 9 in another. A day ends
// when the next one begins, after 23, 24 or 25 hours. The length of a maintenance
// window is time that passes, whatever the clocks show.
//
// The years 1970 to 2225 have a calendar, and a recurring window opens at most
// 96 times a day, so that no question is too long to answer. Time zones and
// holidays come with the binary.
//
// It is pure: the present moment is passed in, and nothing is read or written.
package calendar
