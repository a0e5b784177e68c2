// SPDX-License-Identifier: Apache-2.0

package openslo

import "encoding/json"

// APIVersion of all documents.
const APIVersion = "openslo/v1"

// Kinds of documents.
const (
	KindSLO         = "SLO"
	KindService     = "Service"
	KindAlertPolicy = "AlertPolicy"
	kindCondition   = "AlertCondition"
)

// Metadata of a document.
type Metadata struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	// Labels have a text or a list of texts as values.
	Labels      map[string]any    `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Service is what an SLO is about.
type Service struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Metadata   Metadata    `json:"metadata"`
	Spec       ServiceSpec `json:"spec"`
}

// ServiceSpec describes a Service.
type ServiceSpec struct {
	Description string `json:"description,omitempty"`
}

// SLO is a service level objective.
type SLO struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       SLOSpec  `json:"spec"`
}

// SLOSpec describes an SLO.
type SLOSpec struct {
	Description     string           `json:"description,omitempty"`
	Service         string           `json:"service"`
	Indicator       *Indicator       `json:"indicator,omitempty"`
	IndicatorRef    string           `json:"indicatorRef,omitempty"`
	TimeWindow      []TimeWindow     `json:"timeWindow,omitempty"`
	BudgetingMethod string           `json:"budgetingMethod"`
	Objectives      []Objective      `json:"objectives"`
	AlertPolicies   []AlertPolicyUse `json:"alertPolicies,omitempty"`
}

// Indicator says by which metrics an SLO is told.
type Indicator struct {
	Metadata Metadata      `json:"metadata"`
	Spec     IndicatorSpec `json:"spec"`
}

// IndicatorSpec has one of its metrics.
type IndicatorSpec struct {
	Description     string       `json:"description,omitempty"`
	RatioMetric     *RatioMetric `json:"ratioMetric,omitempty"`
	ThresholdMetric *Metric      `json:"thresholdMetric,omitempty"`
}

// RatioMetric is a ratio of good or bad to total, or a raw one.
type RatioMetric struct {
	Counter bool    `json:"counter,omitempty"`
	Good    *Metric `json:"good,omitempty"`
	Bad     *Metric `json:"bad,omitempty"`
	Total   *Metric `json:"total,omitempty"`
	RawType string  `json:"rawType,omitempty"`
	Raw     *Metric `json:"raw,omitempty"`
}

// Metric has a source.
type Metric struct {
	MetricSource MetricSource `json:"metricSource"`
}

// MetricSource says where a metric comes from.
type MetricSource struct {
	MetricSourceRef string `json:"metricSourceRef,omitempty"`
	Type            string `json:"type,omitempty"`
	// Spec is the source's own matter.
	Spec map[string]any `json:"spec,omitempty"`
}

// TimeWindow over which an SLO is counted.
type TimeWindow struct {
	Duration  string    `json:"duration"`
	IsRolling bool      `json:"isRolling"`
	Calendar  *Calendar `json:"calendar,omitempty"`
}

// Calendar aligns a window.
type Calendar struct {
	// StartTime such as "2020-01-21 12:30:00", in TimeZone.
	StartTime string `json:"startTime"`
	TimeZone  string `json:"timeZone"`
}

// Objective of an SLO. Numbers are kept as they are written.
type Objective struct {
	DisplayName     string       `json:"displayName,omitempty"`
	Op              string       `json:"op,omitempty"`
	Value           *json.Number `json:"value,omitempty"`
	Target          *json.Number `json:"target,omitempty"`
	TargetPercent   *json.Number `json:"targetPercent,omitempty"`
	TimeSliceTarget *json.Number `json:"timeSliceTarget,omitempty"`
	// TimeSliceWindow is a number of minutes or a duration.
	TimeSliceWindow any          `json:"timeSliceWindow,omitempty"`
	Indicator       *Indicator   `json:"indicator,omitempty"`
	IndicatorRef    string       `json:"indicatorRef,omitempty"`
	CompositeWeight *json.Number `json:"compositeWeight,omitempty"`
}

// AlertPolicyUse names an AlertPolicy, or is one.
type AlertPolicyUse struct {
	AlertPolicyRef string           `json:"alertPolicyRef,omitempty"`
	APIVersion     string           `json:"apiVersion,omitempty"`
	Kind           string           `json:"kind,omitempty"`
	Metadata       *Metadata        `json:"metadata,omitempty"`
	Spec           *AlertPolicySpec `json:"spec,omitempty"`
}

// AlertPolicy says when there is an alert.
type AlertPolicy struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   Metadata        `json:"metadata"`
	Spec       AlertPolicySpec `json:"spec"`
}

// AlertPolicySpec describes an AlertPolicy. It has exactly one condition.
type AlertPolicySpec struct {
	Description         string           `json:"description,omitempty"`
	AlertWhenNoData     bool             `json:"alertWhenNoData"`
	AlertWhenResolved   bool             `json:"alertWhenResolved"`
	AlertWhenBreaching  bool             `json:"alertWhenBreaching"`
	Conditions          []AlertCondition `json:"conditions"`
	NotificationTargets []map[string]any `json:"notificationTargets"`
}

// AlertCondition is a condition of an AlertPolicy, or names one.
type AlertCondition struct {
	ConditionRef string              `json:"conditionRef,omitempty"`
	APIVersion   string              `json:"apiVersion,omitempty"`
	Kind         string              `json:"kind,omitempty"`
	Metadata     *Metadata           `json:"metadata,omitempty"`
	Spec         *AlertConditionSpec `json:"spec,omitempty"`
}

// AlertConditionSpec describes a condition.
type AlertConditionSpec struct {
	Description string    `json:"description,omitempty"`
	Severity    string    `json:"severity"`
	Condition   Condition `json:"condition"`
}

// Condition is a rate at which the budget burns.
type Condition struct {
	Kind           string      `json:"kind"`
	Op             string      `json:"op"`
	Threshold      json.Number `json:"threshold"`
	LookbackWindow string      `json:"lookbackWindow"`
	AlertAfter     string      `json:"alertAfter,omitempty"`
}
