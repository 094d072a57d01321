"""How a person is reached: email, SMS, desktop file; one protocol."""
