// SPDX-License-Identifier: Apache-2.0

// Package manifest reads objects of this group from files as people write them:
// YAML or JSON, one document or several. It is strict, as the API server is
// towards kubectl, and says in which line what is wrong.
package manifest
