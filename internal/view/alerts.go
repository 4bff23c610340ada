package view

import "github.com/montimer/montimer"

// Alert is an alert as its writer stored it: nothing checks what tasks write.
type Alert struct {
	ID                        int64
	Created                   string
	Source, Protocol, Channel string
	Severity                  string
	Text                      string
	Status                    montimer.DeliveryStatus
	Error                     string // why it was not delivered
}

// AlertAsk says which alerts are wanted; "" and 0 say nothing.
type AlertAsk struct {
	Protocol, Severity, Source, Channel, Status string
	Before                                      int64 // only smaller ids
	Most                                        int   // the newest so many
}
