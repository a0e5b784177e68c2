// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSlug(t *testing.T) {
	tests := map[string]string{
		"Führungszeugnis online beantragen": "fuehrungszeugnis-online-beantragen",
		"ÖPNV – Straße":                     "oepnv-strasse",
		"GROẞ":                              "gross",
		"Café Čapek":                        "cafe-capek",
		"u\u0308ber":                        "ueber",
		"P&I-Time":                          "p-und-i-time",
		"Time@Web":                          "time-at-web",
		"  (E-)Akte!  ":                     "e-akte",
		"MoNa – Monitor":                    "mona-monitor",
		"16.02.01":                          "16-02-01",
		"…":                                 "",
		"Łódź":                              "odz",
	}
	for in, want := range tests {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestSlugIsANameAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringN(0, 60, -1).Draw(t, "title")
		got := Slug(in)
		if got != "" && !namePattern.MatchString(got) {
			t.Fatalf("Slug(%q) = %q is no name", in, got)
		}
		if again := Slug(got); again != got {
			t.Fatalf("Slug is not stable: %q then %q", got, again)
		}
	})
}

func TestUnitName(t *testing.T) {
	tests := []struct{ number, unitType, want string }{
		{"16", "KDZ", "kdz-16"},
		{"16.02.01", "KDZ", "kdz-16-02-01"},
		{"10", "Office", "amt-10"},
		{"10.02", "Office", "amt-10-02"},
		{"10-mainzdigital", "Office", "amt-10-mainzdigital"},
		{"40-edu", "Education", "amt-40-edu"},
		{"37-ils", "FireControlCentre", "amt-37-ils"},
		{"451", "Office", "amt-451"},
		{"70", "MunicipalEnterprise", "amt-70"},
		{"kaw", "PublicInstitution", "kaw"},
		{"stadtwerke", "AffiliatedCompany", "stadtwerke"},
	}
	for _, tc := range tests {
		if got := UnitName(tc.number, tc.unitType); got != tc.want {
			t.Errorf("UnitName(%q, %q): got %q, want %q", tc.number, tc.unitType, got, tc.want)
		}
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "e-akte": true, strings.Repeat("a", 63): true, strings.Repeat("a", 64): false,
		"": false, "-a": false, "a-": false, "Ä": false, "a.b": false,
	} {
		if got := validName(name); got != want {
			t.Errorf("validName(%q): got %v, want %v", name, got, want)
		}
	}
}

func TestDay(t *testing.T) {
	tests := []struct {
		in, want string
		exact    bool
	}{
		{"2024-12-31", "2024-12-31", true},
		{"2025-04", "2025-04-30", false},
		{"2024-02", "2024-02-29", false},
		{"2025-12", "2025-12-31", false},
		{"2025", "2025-12-31", false},
	}
	for _, tc := range tests {
		got, exact, err := day(tc.in)
		if err != nil || got != tc.want || exact != tc.exact {
			t.Errorf("day(%q): got %q, %v, %v, want %q, %v", tc.in, got, exact, err, tc.want, tc.exact)
		}
	}
	for _, in := range []string{"", "2025-13", "2025-02-30", "30.04.2025", "April 2025", "25"} {
		if got, _, err := day(in); err == nil {
			t.Errorf("day(%q): got %q, want an error", in, got)
		} else if !strings.Contains(err.Error(), "2025-04-30") {
			t.Errorf("day(%q): %v does not say what would be right", in, err)
		}
	}
}
