// The definitions of dtype.hpp, which no src.hpp includes. // defect
#pragma once
