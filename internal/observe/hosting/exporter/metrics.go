// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"fmt"
	"io"
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics are the wanted ones of one answer.
type Metrics struct {
	families map[string]*dto.MetricFamily
}

// Sample is one of the values of a family.
type Sample struct {
	// Value is finite.
	Value  float64
	labels []*dto.LabelPair
}

// parse reads what a filter lets through.
func parse(in io.Reader) (Metrics, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(in)
	return Metrics{families}, err
}

// Has reports whether there is a sample of a family.
func (m Metrics) Has(family string) bool { return m.families[family] != nil }

// Each calls visit with each sample of a family in the order in which they were
// told, until it returns an error. The error is that one, or says that a family
// is no gauge, counter or untyped, or a value is not finite.
func (m Metrics) Each(family string, visit func(Sample) error) error {
	for _, metric := range m.families[family].GetMetric() {
		value, ok := valueOf(metric)
		switch {
		case !ok:
			return fmt.Errorf("tells %s as a %v, not as a number", family, m.families[family].GetType())
		case math.IsNaN(value) || math.IsInf(value, 0):
			return fmt.Errorf("tells %s as %v", family, value)
		}
		if err := visit(Sample{value, metric.GetLabel()}); err != nil {
			return err
		}
	}
	return nil
}

func valueOf(m *dto.Metric) (value float64, ok bool) {
	switch {
	case m.Gauge != nil:
		return m.Gauge.GetValue(), true
	case m.Untyped != nil:
		return m.Untyped.GetValue(), true
	case m.Counter != nil:
		return m.Counter.GetValue(), true
	}
	return 0, false
}

// Value returns the value of a family that has one sample; ok says whether it
// has any. The error is that of Each, or says that there are several.
func (m Metrics) Value(family string) (value float64, ok bool, err error) {
	err = m.Each(family, func(s Sample) error {
		if ok {
			return fmt.Errorf("tells %s twice", family)
		}
		value, ok = s.Value, true
		return nil
	})
	return value, ok, err
}

// Time is like Value, for seconds since 1970. It is zero if there is no sample.
func (m Metrics) Time(family string) (time.Time, error) {
	value, ok, err := m.Value(family)
	if err != nil || !ok {
		return time.Time{}, err
	}
	return Time(family, value)
}

// Time returns the time of so many seconds since 1970. The error says that a
// family tells a time before that, or after the year 9999.
func Time(family string, seconds float64) (time.Time, error) {
	const last = 253402300800
	if !(seconds >= 0 && seconds < last) {
		return time.Time{}, fmt.Errorf("tells %s as %v, which is no time", family, seconds)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// Label returns the value of a label; empty if there is none.
func (s Sample) Label(name string) string {
	for _, l := range s.labels {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// Duration returns so many seconds. The error says that a family tells more of
// them than 100 years have.
func Duration(family string, seconds float64) (time.Duration, error) {
	const most = 100 * 366 * 24 * 3600
	if math.Abs(seconds) > most {
		return 0, fmt.Errorf("tells %s as %v, which is no time", family, seconds)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
