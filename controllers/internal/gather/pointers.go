// SPDX-License-Identifier: Apache-2.0

package gather

// Pointers returns the addresses of the elements, as the judges take objects.
func Pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}
